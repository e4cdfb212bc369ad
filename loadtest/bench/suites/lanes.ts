import { barOf } from '../bar.ts';
import { errorRate, measureRelay, type Measurement } from '../measurement.ts';
import { roundPlot } from '../round-plot.ts';
import { holdRounds, medianOf } from '../rounds.ts';
import type { Stage, SuiteResult } from '../suite.ts';
import { count, ms, percentiles } from '../words.ts';

const URGENT = 0;
const BULK = 2;
const MOST_RATIO = 1.5;
/** Bulk goes on for so long after the urgent callers were measured. */
const LONGER_MS = 500;

interface Lanes {
  readonly idle: Measurement;
  readonly urgent: Measurement;
  readonly bulk: Measurement;
}

/** Urgent callers on an idle fleet, and again while bulk callers bring more than it can do. */
export async function lanesSuite(stage: Stage): Promise<SuiteResult> {
  const { fleet, size, say } = stage;
  const { framesPerSecond, warmMs, measureMs, urgentCallers, bulkCallers } = size;
  const urgentLoad = { callers: urgentCallers, framesPerSecond, warmMs, measureMs, priority: URGENT };
  const bulkLoad = { callers: bulkCallers, framesPerSecond, warmMs, measureMs: warmMs + measureMs + LONGER_MS, priority: BULK };
  const held = await holdRounds(stage, async (round): Promise<Lanes> => {
    const idle = await measureRelay(fleet, urgentLoad);
    const [urgent, bulk] = await beside(
      (meet) => measureRelay(fleet, urgentLoad, { onConnected: meet }),
      (meet) => measureRelay(fleet, bulkLoad, { onMeasuring: meet }),
    );
    say(`round ${round + 1}: urgent, idle ${percentiles(idle.result.delay)}; beside bulk ${percentiles(urgent.result.delay)}; bulk ${percentiles(bulk.result.delay)}`);
    return { idle, urgent, bulk };
  });
  const ratio = medianOf(held, ({ idle, urgent }) => urgent.result.delay.p99Ms / idle.result.delay.p99Ms);
  const isLost = held.some(({ measured: { urgent } }) => errorRate(urgent) > 0);
  return {
    name: 'lanes', raw: held,
    bars: [barOf({
      name: 'urgent under bulk', promise: 'p99 ≤ 1.5 × idle', value: ratio, most: MOST_RATIO, measured: `${ratio.toFixed(2)} × (${ms(medianOf(held, ({ urgent }) => urgent.result.delay.p99Ms))})`,
      reference: `idle ${ms(medianOf(held, ({ idle }) => idle.result.delay.p99Ms))}`, note: isLost ? 'urgent frames were lost' : '',
    })],
    facts: [
      `${urgentCallers} urgent callers beside ${bulkCallers} bulk callers (${count(bulkCallers * framesPerSecond)} frames/s): bulk p99 ${ms(medianOf(held, ({ bulk }) => bulk.result.delay.p99Ms))}, ${(medianOf(held, ({ bulk }) => errorRate(bulk)) * 100).toFixed(2)} % of bulk lost; urgent callers late at p99 ${ms(medianOf(held, ({ urgent }) => urgent.result.lateness.p99Ms))}`,
    ],
    plots: [roundPlot('Urgent frames, p99', held, ['idle', 'urgent'], (lanes, which) => lanes[which === 'idle' ? which : 'urgent'].result.delay.p99Ms)],
  };
}

/** Two runs at once: the second begins when the first meets, the first goes on when the second meets. Where one fails, the other is not kept waiting. */
async function beside<T>(first: (meet: () => Promise<void>) => Promise<T>, second: (meet: () => void) => Promise<T>): Promise<readonly [T, T]> {
  const [isFirstThere, isSecondThere] = [gate(), gate()];
  const one = first(async () => {
    isFirstThere.open();
    await isSecondThere.opened;
  }).finally(isFirstThere.open);
  const other = isFirstThere.opened.then(() => second(isSecondThere.open)).finally(isSecondThere.open);
  return Promise.all([one, other]);
}

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

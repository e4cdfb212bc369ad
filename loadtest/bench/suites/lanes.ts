import { barOf, type Bar } from '../bar.ts';
import { startFleetTarget, type FleetTarget } from '../fleet-target.ts';
import { errorRate, measureRelay, type Measurement } from '../measurement.ts';
import { roundPlot } from '../round-plot.ts';
import { holdRounds, medianOf, type Round } from '../rounds.ts';
import type { Stage, SuiteResult } from '../suite.ts';
import { count, ms, percentiles } from '../words.ts';

const URGENT = 0;
const BULK = 2;
const MOST_RATIO = 1.5;
/** Bulk goes on for so long after the urgent callers were measured. */
const LONGER_MS = 500;
/**
 * What the worker's thread computes for each frame, as long as Silero takes for a window: lanes are there for workers that have more
 * to do than they can, and without engines to speak of it is the one gateway that would have too much, in front of which no lane is.
 */
const WORK_US = 200;
/** Where less of bulk is shed, the worker was not saturated. */
const LEAST_SHED = 0.05;

interface Lanes {
  readonly idle: Measurement;
  readonly urgent: Measurement;
  readonly bulk: Measurement;
}

/** Urgent callers on an idle fleet, and again while bulk callers bring its worker more than it can do. */
export async function lanesSuite(stage: Stage): Promise<SuiteResult> {
  const fleet = await startFleetTarget({ workerEnv: { ECHO_WORK_US: String(WORK_US) } });
  try {
    const held = await holdRounds(stage, (round) => measureLanes(stage, fleet, round));
    return { name: 'lanes', raw: held, bars: [barOfRounds(held)], facts: [factOf(stage, held)], plots: [roundPlot('Urgent frames, p99', held, ['idle', 'urgent'], (lanes, which) => lanes[which === 'idle' ? which : 'urgent'].result.delay.p99Ms)] };
  } finally {
    await fleet.stop();
  }
}

async function measureLanes({ size, say }: Stage, fleet: FleetTarget, round: number): Promise<Lanes> {
  const { framesPerSecond, warmMs, measureMs, urgentCallers, bulkCallers } = size;
  const urgentLoad = { callers: urgentCallers, framesPerSecond, warmMs, measureMs, priority: URGENT };
  const bulkLoad = { callers: bulkCallers, framesPerSecond, warmMs, measureMs: warmMs + measureMs + LONGER_MS, priority: BULK };
  const idle = await measureRelay(fleet, urgentLoad);
  const [urgent, bulk] = await beside(
    (meet) => measureRelay(fleet, urgentLoad, { onConnected: meet }),
    (meet) => measureRelay(fleet, bulkLoad, { onMeasuring: meet }),
  );
  say(`round ${round + 1}: urgent, idle ${percentiles(idle.result.delay)}; beside bulk ${percentiles(urgent.result.delay)}; bulk ${percentiles(bulk.result.delay)}`);
  return { idle, urgent, bulk };
}

function barOfRounds(held: readonly Round<Lanes>[]): Bar {
  const ratio = medianOf(held, ({ idle, urgent }) => urgent.result.delay.p99Ms / idle.result.delay.p99Ms);
  const isLost = held.some(({ measured: { urgent } }) => errorRate(urgent) > 0);
  const shed = medianOf(held, ({ bulk }) => errorRate(bulk));
  return barOf({
    name: 'urgent under bulk', promise: 'p99 ≤ 1.5 × idle', value: ratio, most: MOST_RATIO, measured: `${ratio.toFixed(2)} × (${ms(medianOf(held, ({ urgent }) => urgent.result.delay.p99Ms))})`,
    reference: `idle ${ms(medianOf(held, ({ idle }) => idle.result.delay.p99Ms))}`, note: isLost ? 'urgent frames were lost' : '',
    doubt: shed < LEAST_SHED ? 'the worker had no more to do than it could' : undefined,
  });
}

/** The part of the time that the worker was busy beside bulk. */
function busyOf({ urgent }: Lanes): number {
  return ((urgent.cpuSeconds['worker'] ?? 0) * 1000) / urgent.result.measuredMs;
}

function factOf({ size: { urgentCallers, bulkCallers, framesPerSecond } }: Stage, held: readonly Round<Lanes>[]): string {
  const bulkP99 = ms(medianOf(held, ({ bulk }) => bulk.result.delay.p99Ms));
  const lost = (medianOf(held, ({ bulk }) => errorRate(bulk)) * 100).toFixed(1);
  const late = ms(medianOf(held, ({ urgent }) => urgent.result.lateness.p99Ms));
  return `${urgentCallers} urgent callers beside ${bulkCallers} bulk callers (${count(bulkCallers * framesPerSecond)} frames/s, ${WORK_US} µs of the worker’s thread each, busy for ${Math.round(medianOf(held, busyOf) * 100)} %): bulk p99 ${bulkP99}, ${lost} % of bulk shed; urgent callers late at p99 ${late}`;
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

import { barOf } from '../bar.ts';
import { errorRate, measureRelay, type Measurement } from '../measurement.ts';
import { holdRounds, medianOf } from '../rounds.ts';
import type { Stage, SuiteResult } from '../suite.ts';
import { count, ms, percentiles } from '../words.ts';

const URGENT = 0;
const BULK = 2;
const MOST_RATIO = 1.5;
/** Bulk is there before the urgent callers come and stays until they are gone. */
const AROUND_MS = 3000;

interface Lanes {
  readonly idle: Measurement;
  readonly urgent: Measurement;
  readonly bulk: Measurement;
}

/** Urgent callers on an idle fleet, and again while bulk callers bring more than it can do. */
export async function lanesSuite({ echo, fleet, size, say }: Stage): Promise<SuiteResult> {
  const { rounds, framesPerSecond, warmMs, measureMs, urgentCallers, bulkCallers } = size;
  const urgently = (): Promise<Measurement> => measureRelay(fleet, { callers: urgentCallers, framesPerSecond, warmMs, measureMs, priority: URGENT });
  const held = await holdRounds(echo, rounds, async (round): Promise<Lanes> => {
    const idle = await urgently();
    const [bulk, urgent] = await Promise.all([
      measureRelay(fleet, { callers: bulkCallers, framesPerSecond, warmMs, measureMs: measureMs + AROUND_MS, priority: BULK }),
      new Promise((resolve) => setTimeout(resolve, AROUND_MS / 2)).then(urgently),
    ]);
    say(`round ${round + 1}: urgent, idle ${percentiles(idle.result.delay)}; beside bulk ${percentiles(urgent.result.delay)}; bulk ${percentiles(bulk.result.delay)}`);
    return { idle, urgent, bulk };
  }, say);
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
    plots: [],
  };
}

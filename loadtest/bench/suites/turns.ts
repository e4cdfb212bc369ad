import { barOf } from '../bar.ts';
import { errorRate, isLate, measureTurns } from '../measurement.ts';
import { roundPlot } from '../round-plot.ts';
import { holdRounds, medianOf } from '../rounds.ts';
import type { Stage, SuiteResult } from '../suite.ts';
import { ms, percentiles } from '../words.ts';

const MOST_MS = 25;

/** From the last sample of speech to the first byte of the answer, with engines that take no time, endpointing subtracted. */
export async function turnsSuite(stage: Stage): Promise<SuiteResult> {
  const { fleet, size, say } = stage;
  const { turnCallers, turns } = size;
  const held = await holdRounds(stage, async (round) => {
    const measured = await measureTurns(fleet, turnCallers, turns);
    say(`round ${round + 1}: ${measured.result.answered} turns, ${percentiles(measured.result.delay)}`);
    return measured;
  });
  const p99Ms = medianOf(held, ({ result }) => result.delay.p99Ms);
  const unanswered = held.filter(({ measured }) => errorRate(measured) > 0);
  const late = held.filter(({ measured }) => isLate(measured)).length;
  const doubt = unanswered.length > 0 ? `turns were not answered in ${unanswered.length} rounds: ${unanswered[0]?.measured.result.faults.join('; ') ?? ''}` : undefined;
  return {
    name: 'turns', raw: held, facts: [`turn without endpointing: p50 ${ms(medianOf(held, ({ result }) => result.delay.p50Ms))}, worst ${ms(medianOf(held, ({ result }) => result.delay.maxMs))}`],
    bars: [barOf({
      name: `turn at ${turnCallers} callers`, promise: 'p99 ≤ 25 ms', value: p99Ms, most: MOST_MS, measured: `p99 ${ms(p99Ms)}`, doubt,
      note: late > 0 ? `callers late in ${late} of ${held.length} rounds` : '',
    })],
    plots: [roundPlot(`A turn at ${turnCallers} callers`, held, ['p50', 'p99'], ({ result }, which) => result.delay[which === 'p50' ? 'p50Ms' : 'p99Ms'])],
  };
}

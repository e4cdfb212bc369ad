import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareResults, median } from './comparison.ts';
import type { LoadResult } from './load-result.ts';
import { nextCallers } from './ramp.ts';
import { resultFixture } from './result-fixture.ts';
import { closedLoopLateMs, errorRateOf, latenessVerdict, wrongIn } from './verdicts.ts';

const NOISE = [0.9, 1.1, 1, 0.95, 1.05, 1, 1.02, 0.98, 1.1, 0.9];

function resultOf(p99Ms: number, seconds = 20): LoadResult {
  const windows = Array.from({ length: seconds }, (_, atS) => ({ atS, count: 100, p50Ms: 1, p99Ms: p99Ms * (NOISE[atS % NOISE.length] ?? 1), maxMs: 2 * p99Ms }));
  return resultFixture({ windows });
}

function verdictOf(old: LoadResult, now: LoadResult): string | undefined {
  return compareResults(old, now).differences.find(({ name }) => name === 'added p99')?.verdict;
}

describe('two runs side by side', () => {
  it('differ where the difference exceeds what their seconds differ by, and a tenth', () => {
    assert.equal(verdictOf(resultOf(10), resultOf(10.5)), 'within the noise');
    assert.equal(verdictOf(resultOf(10), resultOf(15)), 'slower');
    assert.equal(verdictOf(resultOf(10), resultOf(6)), 'faster');
    assert.equal(verdictOf(resultOf(10, 6), resultOf(15, 6)), 'too short to say');
  });

  it('show what they were as a whole where there are too few windows, and the numbers that stand for a whole run', () => {
    const old = { ...resultOf(10, 1), figures: [{ name: 'callers carried', value: '300' }, { name: 'p99', value: '10 ms' }] };
    const now = { ...resultOf(10, 1), figures: [{ name: 'callers carried', value: '400' }] };
    const { differences, figures } = compareResults(old, now);
    assert.deepEqual(differences.map(({ oldMs, newMs, verdict }) => [oldMs, newMs, verdict]), [[1, 1, 'too short to say'], [10, 10, 'too short to say']]);
    assert.deepEqual(figures, [{ name: 'callers carried', old: '300', now: '400' }]);
  });

  it('are said to be different where they were not the same run', () => {
    const old = resultOf(10);
    assert.deepEqual(compareResults(old, old).doubts, []);
    const doubts = compareResults(old, { ...old, callers: 7, machine: { ...old.machine, cores: 64 } }).doubts;
    assert.deepEqual(doubts, ['callers: 10 then, 7 now', 'cores: 2 then, 64 now']);
    const busy = compareResults(old, { ...old, machine: { ...old.machine, loadBefore: 12 } }).doubts;
    assert.match(busy.join(), /^before the run of .* a load of 12 on 2 cores$/);
  });

  it('are compared by medians', () => {
    assert.deepEqual([median([]), median([3, 1, 2]), median([4, 1, 2, 3])], [0, 2, 2.5]);
  });
});

describe('the search for the knee', () => {
  it('grows by halves until a step is not carried, then narrows down', () => {
    const carries = (most: number): number[] => {
      const steps: { callers: number; isGood: boolean }[] = [];
      for (let callers = nextCallers(steps, 100); callers !== undefined; callers = nextCallers(steps, 100)) steps.push({ callers, isGood: callers <= most });
      return steps.map(({ callers }) => callers);
    };
    assert.deepEqual(carries(400), [100, 150, 225, 338, 507, 423, 381, 402]);
    const below = carries(7);
    assert.deepEqual(below.slice(0, 5), [100, 50, 25, 12, 6]);
    assert.ok(Math.abs((below.at(-1) ?? 0) - 7) <= 1, below.join());
    assert.deepEqual(carries(0).slice(-1), [1]);
    assert.equal(nextCallers([{ callers: 20, isGood: true }], 10, 20), undefined);
  });
});

describe('what went wrong', () => {
  it('is counted whatever it is called, and what is only counted is not', () => {
    assert.equal(wrongIn({ 'frames sent': 100, 'frames lost': 2, 'bulk frames lost': 1, 'error shed': 4, 'closed 1006': 1, turns: 5, 'turns unanswered': 1, 'slow receivers let go': 3 }), 9);
    assert.equal(errorRateOf({ 'frames sent': 100, 'frames lost': 2 }, ['frames sent']), 0.02);
    assert.equal(errorRateOf({}, ['frames sent']), 1, 'a run that tried nothing has shown nothing');
  });

  it('is, for a run, a generator that was late', () => {
    const lateness = { count: 10, averageMs: 1, minMs: 0, p50Ms: 1, p90Ms: 2, p95Ms: 3, p99Ms: 12, p999Ms: 20, maxMs: 30 };
    assert.equal(latenessVerdict(lateness, 10).isGood, false);
    assert.equal(latenessVerdict(lateness, 15).isGood, true);
    assert.deepEqual([closedLoopLateMs(10, lateness), closedLoopLateMs(10, { ...lateness, p99Ms: 200 }), closedLoopLateMs(10, undefined)], [10, 40, 10], 'who asks when it was answered may be late by a part of the answer');
    assert.equal(latenessVerdict({ ...lateness, count: 0, p99Ms: 0 }, 15).isGood, false, 'nobody looked how late it was');
  });
});

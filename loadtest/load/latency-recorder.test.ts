import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LatencyRecorder } from './latency-recorder.ts';

function recorderOf(durationsMs: readonly number[]): LatencyRecorder {
  const recorder = new LatencyRecorder();
  for (const duration of durationsMs) recorder.record(duration);
  return recorder;
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * 0.002, `${actual} is not ${expected} to three digits`);
}

describe('a latency recorder', () => {
  it('tells percentiles to three digits, average and extremes exactly', () => {
    const { count, averageMs, minMs, p50Ms, p90Ms, p99Ms, maxMs } = recorderOf(Array.from({ length: 1000 }, (_, i) => i + 1)).summary();
    assert.deepEqual([count, averageMs, minMs, maxMs], [1000, 500.5, 1, 1000]);
    near(p50Ms, 500);
    near(p90Ms, 900);
    near(p99Ms, 990);
  });

  it('is all zero where there is nothing, and says so in no characters', () => {
    assert.equal(new LatencyRecorder().encode(), '');
    assert.deepEqual(Object.values(new LatencyRecorder().summary()), Array(9).fill(0));
    assert.deepEqual(new LatencyRecorder().bars(2), []);
  });

  it('merges what other processes encoded, as if all had been recorded in one', () => {
    const parts = [[1, 2, 3], [400, 500], [], [0.02]];
    const merged = LatencyRecorder.merged(parts.map((part) => recorderOf(part).encode()));
    assert.deepEqual(merged.summary(), recorderOf(parts.flat()).summary());
  });

  it('begins anew after `take`', () => {
    const recorder = recorderOf([5, 6]);
    assert.equal(LatencyRecorder.merged([recorder.take()]).count, 2);
    assert.equal(recorder.count, 0);
    recorder.record(7);
    assert.equal(recorder.summary().minMs, 7);
  });

  it('cuts into bars that leave nothing out and nothing twice', () => {
    const durations = Array.from({ length: 500 }, (_, i) => 0.1 * 1.02 ** i);
    const bars = recorderOf(durations).bars(1.5);
    assert.equal(bars.reduce((sum, { count }) => sum + count, 0), 500);
    for (const { fromMs, toMs, count } of bars.slice(1, -1)) {
      const inside = durations.filter((duration) => duration > fromMs && duration <= toMs).length;
      assert.ok(Math.abs(count - inside) <= 2, `${count} of ${inside} between ${fromMs} and ${toMs}`);
    }
  });

  it('takes what a clock that was set back makes of nothing, and what takes forever', () => {
    assert.deepEqual([recorderOf([-3]).summary().maxMs, recorderOf([1e9]).summary().maxMs], [0, 600_000]);
  });
});

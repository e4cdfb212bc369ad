import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countedWithin, latenciesSince, LATENCY_BOUNDS_S, LatencyHistogram, latencyPercentileS, meanLatencyS, mergedLatencies, NO_LATENCIES, type LatencyCounts } from './latency-histogram.ts';
import { LATENCY_BUCKETS_S } from './metrics.ts';

const duration = fc.double({ min: 0, max: 120, noNaN: true });
const durations = fc.array(duration, { minLength: 1, maxLength: 300 });

function counted(values: readonly number[]): LatencyCounts {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.observe(value);
  return histogram.counts();
}

function bucketOf(value: number): number {
  const index = LATENCY_BOUNDS_S.findIndex((bound) => value <= bound);
  return index === -1 ? LATENCY_BOUNDS_S.length - 1 : index;
}

test('buckets are at most 16 % wide, and every bound that Prometheus sees is one of theirs', () => {
  const ratios = LATENCY_BOUNDS_S.slice(1).map((bound, index) => bound / (LATENCY_BOUNDS_S[index] ?? NaN));
  assert.ok(ratios.every((ratio) => ratio > 1.04 && ratio < 1.16), String(ratios));
  assert.deepEqual(LATENCY_BUCKETS_S.filter((bound) => !LATENCY_BOUNDS_S.includes(bound)), []);
});

test('a percentile is in the same bucket as the exact one', () => {
  fc.assert(fc.property(durations, fc.constantFrom(0.01, 0.5, 0.95, 0.99, 1), (values, share) => {
    const sorted = values.toSorted((one, other) => one - other);
    const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? NaN;
    const estimate = latencyPercentileS(counted(values), share) ?? NaN;
    assert.ok(Math.abs(bucketOf(estimate) - bucketOf(exact)) === 0, `${estimate} for ${exact}`);
  }));
});

test('counts of parts merge into those of the whole, and taking one part away leaves the other', () => {
  fc.assert(fc.property(durations, durations, (first, second) => {
    const whole = counted([...first, ...second]);
    const merged = mergedLatencies([counted(first), counted(second)]);
    assert.deepEqual([merged.count, merged.buckets], [whole.count, whole.buckets]);
    assert.ok(Math.abs(merged.sumS - whole.sumS) < 1e-6);
    const rest = latenciesSince(whole, counted(first));
    assert.deepEqual([rest.count, rest.buckets], [second.length, counted(second).buckets]);
  }));
});

test('how many stay within a bound is exact at bounds', () => {
  fc.assert(fc.property(durations, fc.constantFrom(...LATENCY_BUCKETS_S), (values, bound) => {
    assert.equal(countedWithin(counted(values), bound), values.filter((value) => value <= bound).length);
  }));
});

test('nothing counted has no percentile and no mean; what is no number is passed over, what is below zero is zero', () => {
  assert.equal(latencyPercentileS(NO_LATENCIES, 0.5), undefined);
  assert.equal(meanLatencyS(NO_LATENCIES), undefined);
  assert.deepEqual(counted([NaN, -1]), { count: 1, sumS: 0, buckets: [0, 1] });
  assert.equal(meanLatencyS(counted([1, 3])), 2);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarize } from './durations.ts';

test('percentiles are durations that were measured, whatever their order', () => {
  const durationsMs = Array.from({ length: 100 }, (_, i) => 100 - i);
  assert.deepEqual(summarize(durationsMs), { count: 100, averageMs: 50.5, minMs: 1, maxMs: 100, p50Ms: 50, p95Ms: 95, p99Ms: 99 });
  assert.deepEqual(summarize([7]), { count: 1, averageMs: 7, minMs: 7, maxMs: 7, p50Ms: 7, p95Ms: 7, p99Ms: 7 });
});

test('no durations come to zeros', () => {
  assert.deepEqual(summarize([]), { count: 0, averageMs: 0, minMs: 0, maxMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 });
});

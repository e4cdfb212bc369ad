import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchPace } from './batch-pace.ts';

/** A batch of `count` each millisecond, for so long; answers the pace's wait after each. */
function paced(pace: BatchPace, count: number, fromMs: number, forMs: number): number[] {
  return Array.from({ length: forMs }, (_, at) => {
    pace.left(count, fromMs + at + 1);
    return pace.waitMs;
  });
}

test('a little now and then waits for nothing', () => {
  assert.ok(paced(new BatchPace(0), 31, 0, 1000).every((waitMs) => waitMs === 0));
});

test('a steady stream is gathered for a millisecond, soon after it begins and no longer than it lasts', () => {
  const pace = new BatchPace(0);
  const busy = paced(pace, 32, 0, 100);
  assert.equal(busy.indexOf(1), 19);
  assert.ok(busy.slice(19).every((waitMs) => waitMs === 1));
  assert.equal(paced(pace, 16, 100, 40).at(-1), 0);
});

test('one large batch after a long silence is no stream', () => {
  const pace = new BatchPace(0);
  pace.left(70, 10_000);
  assert.equal(pace.waitMs, 0);
});

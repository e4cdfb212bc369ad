import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { longestPauseMs, pauseMs } from './reconnection.ts';

test('pauses begin at a tenth of a second, grow with the time away and end at a second, each jittered by half', () => {
  assert.deepEqual([0, 1000, 2000, 4000, 60_000].map((awayMs) => pauseMs(awayMs, 0.5)), [100, 250, 500, 1000, 1000]);
  assert.deepEqual([0, 1].map((random) => pauseMs(60_000, random)), [500, 1500]);
});

test('a longer outage never has a shorter pause, and none is beyond the longest', () => {
  const away = fc.integer({ min: 0, max: 600_000 });
  const random = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(away, away, random, (one, other, jitter) => {
      const [shorter, longer] = [Math.min(one, other), Math.max(one, other)];
      assert.ok(pauseMs(shorter, jitter) <= pauseMs(longer, jitter));
      assert.ok(pauseMs(one, jitter) <= longestPauseMs(one));
      assert.ok(pauseMs(one, jitter) >= 50);
    }),
  );
});

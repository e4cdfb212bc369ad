import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SilenceWatch } from './silence-watch.ts';

const LIMITS = { pingAfterMs: 2000, deadAfterMs: 5000 };

test('a silent connection is asked once, and dead where no answer comes', () => {
  const watch = new SilenceWatch(LIMITS, 0);
  assert.deepEqual(watch.check(0), { action: 'wait', checkInMs: 2000 });
  assert.deepEqual(watch.check(2000), { action: 'ping', checkInMs: 2000 });
  assert.deepEqual(watch.check(4000), { action: 'wait', checkInMs: 1000 });
  assert.deepEqual(watch.check(5000), { action: 'dead' });
});

test('anything that comes is a sign of life', () => {
  const watch = new SilenceWatch(LIMITS, 0);
  watch.check(2000);
  watch.heard(4900);
  assert.deepEqual(watch.check(5000), { action: 'wait', checkInMs: 1900 });
});

test('who looks late, after a sleep, asks before giving up', () => {
  const watch = new SilenceWatch(LIMITS, 0);
  assert.deepEqual(watch.check(3_600_000), { action: 'ping', checkInMs: 2000 });
});

test('a connection that is doubted is asked at once', () => {
  const watch = new SilenceWatch(LIMITS, 0);
  assert.deepEqual(watch.check(10, true), { action: 'ping', checkInMs: 2000 });
  assert.deepEqual(watch.check(3010), { action: 'dead' });
});

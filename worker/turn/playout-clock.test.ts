import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PlayoutClock } from './playout-clock.ts';

test('nothing sent, nothing heard', () => {
  const clock = new PlayoutClock();
  assert.deepEqual([clock.sentMs, clock.heardMs(500), clock.remainingMs(500)], [0, 0, 0]);
});

test('audio plays in real time from the moment it is sent', () => {
  const clock = new PlayoutClock();
  clock.sent(100, 1000);
  clock.sent(100, 1010);
  assert.deepEqual([clock.heardMs(1050), clock.remainingMs(1050)], [50, 150]);
  assert.deepEqual([clock.heardMs(9999), clock.remainingMs(9999)], [200, 0]);
});

test('a turn that goes on counts what was played of it before', () => {
  const clock = new PlayoutClock(3000);
  assert.deepEqual([clock.sentMs, clock.heardMs(50), clock.remainingMs(50)], [3000, 3000, 0]);
  clock.sent(100, 1000);
  assert.deepEqual([clock.sentMs, clock.heardMs(1040), clock.remainingMs(1040)], [3100, 3040, 60]);
});

test('where there was none to play, playing pauses until more is sent', () => {
  const clock = new PlayoutClock();
  clock.sent(100, 0);
  clock.sent(100, 500);
  assert.equal(clock.heardMs(500), 100);
  assert.equal(clock.heardMs(550), 150);
  assert.equal(clock.remainingMs(550), 50);
});

test('the word of the caller\'s device counts more than the reckoning', () => {
  const clock = new PlayoutClock();
  clock.sent(1000, 0);
  clock.told(300);
  assert.equal(clock.heardMs(800), 300);
  clock.told(200);
  assert.equal(clock.heardMs(800), 300, 'what was heard is not unheard');
});

test('a device that says more than it was sent is believed no further than that', () => {
  const clock = new PlayoutClock();
  clock.sent(100, 0);
  clock.told(5000);
  assert.equal(clock.heardMs(10), 100);
});

test('what was heard never shrinks, never exceeds what was sent, and with what remains is all of it', () => {
  const step = fc.record({ afterMs: fc.nat(300), durationMs: fc.integer({ min: 1, max: 200 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(1_000_000), (steps, startMs) => {
      const clock = new PlayoutClock();
      let nowMs = startMs;
      let heardMs = 0;
      for (const { afterMs, durationMs } of steps) {
        nowMs += afterMs;
        const now = clock.heardMs(nowMs);
        assert.ok(now >= heardMs && now <= clock.sentMs && now - heardMs <= afterMs);
        assert.equal(now + clock.remainingMs(nowMs), clock.sentMs);
        heardMs = now;
        clock.sent(durationMs, nowMs);
        assert.equal(clock.heardMs(nowMs), heardMs, 'sending alone plays nothing');
      }
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { elapsedMs, nowMs, stampUs } from './clock.ts';

const WRAP_MS = 0x1_0000_0000 / 1000;

test('the clock is near the epoch clock and never steps back', () => {
  assert.ok(Math.abs(nowMs() - Date.now()) < 60_000);
  let last = nowMs();
  for (let i = 0; i < 1000; i += 1) {
    const now = nowMs();
    assert.ok(now >= last);
    last = now;
  }
});

test('a stamp is an unsigned 32-bit integer for any moment', () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 8e12, noNaN: true }), (momentMs) => {
    const stamp = stampUs(momentMs);
    assert.ok(Number.isInteger(stamp) && stamp >= 0 && stamp <= 0xffff_ffff);
  }));
});

test('the difference of two stamps is the time between them, also over the wrap, both ways, up to half of it', () => {
  const halfMs = Math.floor(WRAP_MS / 2) - 1;
  fc.assert(
    fc.property(fc.nat(2_000_000_000), fc.integer({ min: -halfMs, max: halfMs }), (atS, laterMs) => {
      const fromMs = atS * 1000;
      fc.pre(fromMs + laterMs >= 0);
      assert.equal(elapsedMs(stampUs(fromMs), stampUs(fromMs + laterMs)), laterMs);
    }),
  );
  assert.equal(elapsedMs(0xffff_ffff, 0), 0.001);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callLog, exchange, exchangeWith, heard, heardAll, spoke } from './account-fixture.ts';
import { interruptionsOf } from './interruptions.ts';
import { answerDelays, quantile, silencesOf } from './silence.ts';
import { Playout } from './playout.ts';

const one = exchange(0, 0);
const long = exchangeWith(0, 3);
const [first, second] = long.plan;

test('audio sounds after what sounds before it, and at once where nothing does', () => {
  const playout = new Playout();
  assert.deepEqual(playout.take(100, 1000), { fromMs: 1000, toMs: 1100 });
  assert.deepEqual(playout.take(100, 1010), { fromMs: 1100, toMs: 1200 });
  playout.clear(1150);
  assert.equal(playout.endsAtMs, 1150);
  assert.deepEqual(playout.take(20, 2000), { fromMs: 2000, toMs: 2020 });
});

test('an answer is as late as it comes after its usual time', () => {
  const log = callLog([spoke(one, 1000), ...heardAll(one, 3000)]);
  assert.deepEqual(answerDelays(log), [{ atMs: 1000, delayMs: 2000 }]);
  assert.deepEqual(silencesOf(log, 700), [{ kind: 'answer', fromMs: 1000, toMs: 3000, extraMs: 1300 }]);
  assert.deepEqual(silencesOf(log, 2000), []);
});

test('an answer that never comes is silence until the caller gives up', () => {
  const log = callLog([spoke(one, 1000), { kind: 'given_up', atMs: 9000, waitedFor: 'an answer' }]);
  assert.deepEqual(silencesOf(log, 500), [{ kind: 'answer', fromMs: 1000, toMs: 9000, extraMs: 7500 }]);
});

test('a gap within an answer is silence, one after an interruption is not', () => {
  const toMs = 2000 + (first?.samples ?? 0) / 16;
  const log = callLog([spoke(long, 1000), heard(first, 2000), heard(second, toMs + 400)]);
  assert.deepEqual(silencesOf(log, 1000), [{ kind: 'gap', fromMs: toMs, toMs: toMs + 400, extraMs: 400 }]);
  const cleared = callLog([spoke(long, 1000), heard(first, 2000), { kind: 'clear', atMs: 2100 }, heard(second, toMs + 400)]);
  assert.deepEqual(silencesOf(cleared, 1000), []);
});

test('a fault is blamed for the silence at its time, in the calls it hit', () => {
  const log = callLog([
    spoke(one, 1000), { kind: 'state', atMs: 1500, name: 'reconnecting', detail: '' }, { kind: 'state', atMs: 1900, name: 'ready', detail: '' }, ...heardAll(one, 3000),
  ]);
  const injection = { atMs: 1400, healedAtMs: 2000, target: 'gateway-1', affected: [0] };
  const elsewhere = { ...injection, affected: [1] };
  const later = { ...injection, atMs: 30_000, healedAtMs: 30_100 };
  assert.deepEqual(interruptionsOf([log], [injection, elsewhere, later], 700), [
    { call: 0, fault: 0, extraMs: 1300, detectedMs: 100, claimedMs: 500, caughtUpMs: 1600 },
    { call: 0, fault: 2, extraMs: 0, detectedMs: undefined, claimedMs: undefined, caughtUpMs: undefined },
  ]);
});

test('quantiles are values that were measured', () => {
  assert.deepEqual([0.5, 0.99, 1].map((part) => quantile([5, 1, 3], part)), [3, 5, 5]);
  assert.equal(quantile([], 0.5), 0);
});

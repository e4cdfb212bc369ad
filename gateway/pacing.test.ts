import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pacing, type Outgoing } from './pacing.ts';

const LIMITS = { maxBufferedBytes: 100, maxHeldBytes: 50, stallMs: 30_000 };
const FULL = 101;

function audio(bytes: number): Outgoing {
  return { data: 'a', bytes, isAudio: true };
}

function word(bytes: number): Outgoing {
  return { data: 'w', bytes, isAudio: false };
}

function drained(pacing: Pacing): Outgoing[] {
  const messages: Outgoing[] = [];
  for (let message = pacing.next(0, 0); message !== undefined; message = pacing.next(0, 0)) messages.push(message);
  return messages;
}

test('a socket that keeps up is sent everything at once', () => {
  const pacing = new Pacing(LIMITS);
  for (const buffered of [0, 50, 100]) assert.deepEqual(pacing.offer(audio(60), buffered, 0), { action: 'send' });
  assert.equal(pacing.isHolding, false);
});

test('behind a full socket messages wait in order, also when it has room again', () => {
  const pacing = new Pacing(LIMITS);
  const sent = [audio(10), word(10), audio(10)];
  for (const [i, message] of sent.entries()) assert.equal(pacing.offer(message, i === 0 ? FULL : 0, 0).action, 'hold');
  assert.equal(pacing.next(51, 0), undefined);
  assert.deepEqual(drained(pacing), sent);
  assert.deepEqual(pacing.offer(audio(1), 0, 0), { action: 'send' });
});

test('too much held: the oldest audio goes, words stay, the caller is told once until all is sent', () => {
  const pacing = new Pacing(LIMITS);
  pacing.offer(word(10), FULL, 0);
  pacing.offer(audio(20), FULL, 0);
  pacing.offer(audio(15), FULL, 0);
  assert.deepEqual(pacing.offer(audio(10), FULL, 0), { action: 'hold', shedFrames: 1, shedBytes: 20, isFirstShed: true });
  assert.deepEqual(pacing.offer(audio(20), FULL, 0), { action: 'hold', shedFrames: 1, shedBytes: 15, isFirstShed: false });
  assert.deepEqual(drained(pacing).map(({ bytes }) => bytes), [10, 10, 20]);
  pacing.offer(audio(40), FULL, 0);
  assert.deepEqual(pacing.offer(audio(40), FULL, 0), { action: 'hold', shedFrames: 1, shedBytes: 40, isFirstShed: true });
});

test('words alone beyond the bound are too much for the connection', () => {
  const pacing = new Pacing(LIMITS);
  pacing.offer(audio(10), FULL, 0);
  pacing.offer(word(45), FULL, 0);
  assert.deepEqual(pacing.offer(word(6), FULL, 0), { action: 'too_slow' });
});

test('barge-in empties what waits of the agent’s audio and nothing else', () => {
  const pacing = new Pacing(LIMITS);
  for (const message of [audio(5), word(6), audio(7)]) pacing.offer(message, FULL, 0);
  assert.equal(pacing.clearAudio(), 2);
  assert.deepEqual(drained(pacing).map(({ bytes }) => bytes), [6]);
});

test('a socket that takes nothing for thirty seconds is stalled; one that takes something, or waits for nothing, is not', () => {
  const pacing = new Pacing(LIMITS);
  assert.equal(pacing.isStalled(99_000), false);
  pacing.offer(word(1), FULL, 100_000);
  assert.equal(pacing.isStalled(130_000), false);
  assert.equal(pacing.isStalled(130_001), true);
  pacing.next(FULL, 130_001);
  assert.equal(pacing.isStalled(160_000), false);
});

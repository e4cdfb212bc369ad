import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Acks } from './acks.ts';

/** Acks of a session of which 10 frames were committed before, with everything they told. */
function acks(): { acks: Acks; told: number[] } {
  const told: number[] = [];
  return { acks: new Acks(10, (committed) => told.push(committed)), told };
}

test('what the record says is committed, and not told again', () => {
  const { acks: fresh, told } = acks();
  fresh.tell();
  assert.deepEqual([fresh.committed, told], [10, []]);
});

test('a turn or a text is told at once, silence once there is a run of it', () => {
  const { acks: some, told } = acks();
  for (let seq = 11; seq <= 20; seq++) some.audioReceived(seq);
  some.silent(15);
  assert.deepEqual(told, []);
  some.audioDone(20);
  some.textDone(21);
  assert.deepEqual(told, [20, 21]);
  for (let seq = 22; seq <= 46; seq++) {
    some.audioReceived(seq);
    some.silent(seq);
  }
  assert.deepEqual(told, [20, 21, 46]);
});

test('nothing after an open text or turn is told', () => {
  const { acks: some, told } = acks();
  some.textReceived(11);
  some.audioReceived(12);
  some.audioDone(12);
  assert.deepEqual([some.committed, told], [10, []]);
  some.stored({ text: 11 });
  some.tell();
  assert.deepEqual(told, [12]);
});

test('audio that is shed counts as silence, unless a turn is open before it', () => {
  const { acks: some } = acks();
  some.audioShed(11, true);
  assert.equal(some.committed, 11);
  some.audioReceived(12);
  some.audioShed(13, false);
  assert.equal(some.committed, 11);
});

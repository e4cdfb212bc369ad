import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENVELOPE_TYPE, readBatch, type Envelope } from '../protocol/envelope.ts';
import { nowMs } from '../runtime/clock.ts';
import { Batchers } from './batchers.ts';

function envelopeOf(seq: number): Envelope {
  return { type: ENVELOPE_TYPE.audio, lane: 1, flags: 0, slot: 0, fence: 1, seq, stampUs: 0, mediaMs: 0, payload: new Uint8Array(1) };
}

test('each process has its batches, one is flushed or all, and what waits for one that is gone is dropped', () => {
  const sent: [string, number[]][] = [];
  const batchers = new Batchers((id) => (batch) => {
    const seqs: number[] = [];
    assert.equal(readBatch(batch, ({ seq }) => seqs.push(seq)), undefined);
    sent.push([id, seqs]);
  });
  for (const [id, seq] of [['a', 1], ['b', 2], ['a', 3], ['c', 4]] as const) batchers.to(id).add(envelopeOf(seq));
  assert.equal(batchers.size, 3);
  batchers.flush('b');
  batchers.flush('nobody');
  batchers.forget('c');
  batchers.flush();
  assert.deepEqual(sent, [['b', [2]], ['a', [1, 3]]]);
  assert.equal(batchers.to('a'), batchers.to('a'));
});

test('who was not written to for a minute is forgotten', () => {
  const batchers = new Batchers(() => () => undefined);
  batchers.to('a').add(envelopeOf(1));
  batchers.flush();
  const now = nowMs();
  batchers.sweep(now + 59_000);
  assert.equal(batchers.size, 1);
  batchers.sweep(now + 61_000);
  assert.equal(batchers.size, 0);
});

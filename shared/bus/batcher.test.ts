import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { BATCH_HEADER_BYTES, ENVELOPE_HEADER_BYTES, ENVELOPE_TYPE, readBatch, type Envelope } from '../protocol/envelope.ts';
import { nowMs, stampUs, elapsedMs } from '../runtime/clock.ts';
import { Batcher } from './batcher.ts';

function numbered(seq: number, payloadBytes = 10): Envelope {
  return { type: ENVELOPE_TYPE.audio, lane: 2, flags: 0, slot: 1, fence: 1, seq, stampUs: 0, mediaMs: 0, payload: new Uint8Array(payloadBytes) };
}

function seqsOf(batch: Uint8Array): number[] {
  const seqs: number[] = [];
  assert.equal(readBatch(batch, ({ seq }) => seqs.push(seq)), undefined);
  return seqs;
}

test('what is added in one turn of the event loop leaves as one batch, in order, after that turn', async () => {
  const batches: Uint8Array[] = [];
  const batcher = new Batcher((batch) => batches.push(batch));
  for (let seq = 0; seq < 5; seq += 1) batcher.add(numbered(seq));
  assert.equal(batches.length, 0);
  await nextTurn();
  assert.deepEqual(batches.map(seqsOf), [[0, 1, 2, 3, 4]]);
  await nextTurn();
  assert.equal(batches.length, 1, 'nothing is sent when nothing waits');
});

test('each later turn makes a batch of its own', async () => {
  const batches: Uint8Array[] = [];
  const batcher = new Batcher((batch) => batches.push(batch));
  for (let turn = 0; turn < 3; turn += 1) {
    batcher.add(numbered(turn));
    await nextTurn();
  }
  assert.deepEqual(batches.map(seqsOf), [[0], [1], [2]]);
});

test('a batch leaves at once when it is full, stays near 48 kB, and no order is lost', async () => {
  const batches: Uint8Array[] = [];
  const batcher = new Batcher((batch) => batches.push(batch));
  for (let seq = 0; seq < 300; seq += 1) batcher.add(numbered(seq, 640));
  assert.ok(batches.length >= 4);
  await nextTurn();
  const largest = 48_000 + ENVELOPE_HEADER_BYTES + 640;
  for (const batch of batches) assert.ok(batch.length > BATCH_HEADER_BYTES && batch.length <= largest, String(batch.length));
  assert.deepEqual(batches.flatMap(seqsOf), Array.from({ length: 300 }, (_, seq) => seq));
});

test('a flush sends what waits now, stamped with the present', () => {
  const batches: Uint8Array[] = [];
  const batcher = new Batcher((batch) => batches.push(batch));
  batcher.flush();
  assert.equal(batches.length, 0);
  batcher.add(numbered(1));
  batcher.flush();
  const stamps: number[] = [];
  for (const batch of batches) readBatch(batch, (_, flushedAtUs) => stamps.push(flushedAtUs));
  assert.equal(stamps.length, 1);
  assert.ok(Math.abs(elapsedMs(stamps[0] ?? 0, stampUs(nowMs()))) < 60_000);
});

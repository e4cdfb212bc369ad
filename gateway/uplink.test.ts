import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENVELOPE_FLAG, ENVELOPE_TYPE, holeFlags, readBatch, type Envelope } from '../shared/protocol/envelope.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import type { Bus } from '../shared/bus/bus.ts';
import { nowMs } from '../shared/runtime/clock.ts';
import { Ingress } from './ingress.ts';
import { SlabMemory } from '../shared/bus/slab-memory.ts';
import { ReplayRing } from './replay-ring.ts';
import { ReplaySlices } from './replay-slices.ts';
import { Uplink } from './uplink.ts';

const ROUTE = { workerId: 'w', workerSlot: 1, fence: 1 };
const { replayed, answered } = ENVELOPE_FLAG;

/** An uplink to a bus that keeps what it is given. */
function uplinkWith(isNumbered: boolean, maxAudioMs = 1000): { uplink: Uplink; sent: () => Promise<readonly Envelope[]> } {
  const batches: Uint8Array[] = [];
  const bus: Bus = {
    connected: true, hasSentAll: () => false, publish: (_subject, batch) => batches.push(batch) > 0, hasListener: () => Promise.resolve(true),
    subscribe: () => ({ stop: () => undefined }), request: () => Promise.reject(new Error('nobody is asked')),
    onConnection: () => undefined, close: () => Promise.resolve(),
  };
  const ingress = new Ingress(bus, 'g');
  const ring = new ReplayRing({ maxAudioMs, maxAudioBytes: 1_000_000, maxTextBytes: 10_000 }, new SlabMemory(100_000));
  const sent = async (): Promise<readonly Envelope[]> => {
    // What is sent again goes out in the next turns of the event loop.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    ingress.flush();
    const envelopes: Envelope[] = [];
    for (const batch of batches.splice(0)) readBatch(batch, (envelope) => envelopes.push({ ...envelope }));
    return envelopes;
  };
  return { uplink: new Uplink({ ring, ingress, slices: new ReplaySlices(), granted: 'normal', isNumbered }), sent };
}

function say(uplink: Uplink, ...seqs: readonly number[]): void {
  const frame = { type: ENVELOPE_TYPE.audio, isResent: false, priority: 1, stampUs: 0, mediaMs: 0, payload: new Uint8Array(2), audioMs: 20 };
  for (const seq of seqs) uplink.take({ ...frame, seq });
}

function numbersAndFlags(envelopes: readonly Envelope[]): readonly (readonly [number, number])[] {
  return envelopes.map(({ seq, flags }) => [seq, flags]);
}

const at = (committedIngressSeq: number, receivedIngressSeq = committedIngressSeq): { committedIngressSeq: number; receivedIngressSeq: number } => ({
  committedIngressSeq, receivedIngressSeq,
});

test('a worker that was not written to for a minute is forgotten, and written to again like any other', () => {
  const sent: string[] = [];
  const ingress = new Ingress({ connected: true, hasSentAll: () => false, publish: (subject) => sent.push(subject) > 0, hasListener: () => Promise.resolve(true),
    subscribe: () => ({ stop: () => undefined }), request: () => Promise.reject(new Error('nobody is asked')),
    onConnection: () => undefined, close: () => Promise.resolve() }, 'g');
  const now = nowMs();
  ingress.part(ROUTE);
  ingress.sweep(now + 50_000);
  assert.equal(ingress.workers, 1);
  ingress.sweep(now + 70_000);
  assert.equal(ingress.workers, 0);
  ingress.part(ROUTE);
  assert.equal(sent.length, 2);
});

test('whoever does not number is numbered on from what the session had come to', async () => {
  const { uplink, sent } = uplinkWith(false);
  say(uplink, 0);
  uplink.attach(ROUTE, at(4, 7));
  say(uplink, 0);
  assert.deepEqual(numbersAndFlags(await sent()), [[8, 0], [9, 0]]);
});

test('a new owner that has not seen what an earlier connection said is told that it is gone', async () => {
  const { uplink, sent } = uplinkWith(false);
  uplink.attach(ROUTE, at(4, 7));
  say(uplink, 0, 0);
  await sent();
  uplink.attach({ ...ROUTE, fence: 2 }, at(4));
  assert.deepEqual(numbersAndFlags(await sent()), [[8, replayed | holeFlags(3)], [9, replayed]]);
});

test('what a numbering caller left out is a jump that is meant, whoever owns the session', async () => {
  const { uplink, sent } = uplinkWith(true);
  uplink.attach(ROUTE, at(2, 3));
  say(uplink, 4, 6, 7);
  assert.deepEqual(numbersAndFlags(await sent()), [[4, 0], [6, holeFlags(1)], [7, 0]]);
  uplink.attach({ ...ROUTE, fence: 2 }, at(2));
  assert.deepEqual(numbersAndFlags(await sent()), [[4, replayed | holeFlags(1)], [6, replayed | holeFlags(1)], [7, replayed]]);
});

test('what the ring gave up is a jump that is meant, also where the owner asks for it', async () => {
  const { uplink, sent } = uplinkWith(true, 60);
  uplink.attach(ROUTE, at(0));
  say(uplink, 1, 2, 3, 4, 5);
  await sent();
  assert.equal(uplink.resendAfter(1), 3);
  assert.deepEqual(numbersAndFlags(await sent()), [[3, replayed | holeFlags(1)], [4, replayed], [5, replayed]]);
  assert.equal(uplink.resendAfter(5), 0);
  assert.equal(uplink.resend(), 3, 'after an outage nobody knows what arrived');
  assert.deepEqual(numbersAndFlags(await sent()), [[3, replayed | holeFlags(2)], [4, replayed], [5, replayed]]);
});

test('what was given up is told apart: heard by nobody, or heard but not committed', () => {
  const { uplink } = uplinkWith(true, 40);
  say(uplink, 1, 2);
  const frame = { type: ENVELOPE_TYPE.audio, isResent: false, priority: 1, stampUs: 0, mediaMs: 0, payload: new Uint8Array(2), audioMs: 20 };
  assert.deepEqual(uplink.take({ ...frame, seq: 3 }), { unheard: 1, uncommitted: 0 });
  uplink.attach(ROUTE, at(0));
  assert.deepEqual(uplink.take({ ...frame, seq: 4 }), { unheard: 1, uncommitted: 0 }, 'it waits for its turn');
});

test('numbers that were taken or committed are known, here and from earlier connections', () => {
  const { uplink } = uplinkWith(true);
  uplink.attach(ROUTE, at(5, 9));
  say(uplink, 7);
  assert.deepEqual([1, 5, 6, 7, 8].map((seq) => uplink.isKnown(seq)), [true, true, true, true, false]);
  assert.equal(uplink.acknowledge(9), true, 'committed is what another connection brought, too');
  assert.equal(uplink.isKnown(9), true);
  assert.equal(uplink.acknowledge(9), false);
});

test('an answer stays with its text until that is committed, and without room for it the text is still not to be answered', async () => {
  const { uplink, sent } = uplinkWith(true);
  const text = { type: ENVELOPE_TYPE.text, isResent: false, priority: 1, stampUs: 0, mediaMs: 0, payload: pack({ content: 'x' }), audioMs: 0 };
  uplink.attach(ROUTE, at(0));
  for (const seq of [1, 2, 3]) uplink.take({ ...text, seq });
  uplink.answered(1, 'y');
  uplink.answered(2, 'z'.repeat(20_000));
  uplink.answered(9, 'nobody asked');
  await sent();
  uplink.attach({ ...ROUTE, fence: 2 }, at(0));
  const again = await sent();
  assert.deepEqual(numbersAndFlags(again), [[1, replayed | answered], [2, replayed | answered], [3, replayed]]);
  assert.deepEqual(again.map(({ payload }) => unpack(payload)), [{ content: 'x', answer: 'y' }, { content: 'x', answer: '' }, { content: 'x' }]);
});

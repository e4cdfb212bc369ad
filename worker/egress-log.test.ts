import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ENVELOPE_TYPE, turnFlags } from '../shared/protocol/envelope.ts';
import { SlabMemory } from '../shared/bus/slab-memory.ts';
import { EgressLog, ENTRY_COST_BYTES, type LoggedEgress } from './egress-log.ts';

/** Shared by all logs here, as by all of a process: what is used again must not show. */
const memory = new SlabMemory(10_000);
const PLENTY = { maxAudioMs: 1_000_000, maxBytes: 1_000_000_000 };

function speechAt(seq: number, turn = 1, mediaMs = 0, audioMs = 100): LoggedEgress {
  return { type: ENVELOPE_TYPE.speech, lane: 2, flags: turnFlags(turn), seq, stampUs: 0, mediaMs, audioMs, payload: new Uint8Array(10) };
}

function eventAt(seq: number, bytes = 10): LoggedEgress {
  return { type: ENVELOPE_TYPE.event, lane: 0, flags: 0, seq, stampUs: 0, mediaMs: 0, audioMs: 0, payload: new Uint8Array(bytes) };
}

function seqs(entries: readonly LoggedEgress[]): number[] {
  return entries.map(({ seq }) => seq);
}

test('what was received is forgotten, what was not is kept in order', () => {
  const log = new EgressLog(PLENTY, memory);
  for (const seq of [1, 2, 3, 4]) log.push(eventAt(seq));
  log.received(2);
  assert.deepEqual(seqs(log.after(0)), [3, 4]);
  assert.deepEqual(seqs(log.after(3)), [4]);
  assert.deepEqual(seqs(log.after(9)), []);
});

test('beyond the bound on audio the oldest goes, events in front of it included', () => {
  const log = new EgressLog({ maxAudioMs: 250, maxBytes: 1_000_000 }, memory);
  log.push(eventAt(1));
  for (const seq of [2, 3, 4]) log.push(speechAt(seq));
  assert.deepEqual(seqs(log.after(0)), [3, 4]);
});

test('beyond the bound on bytes the oldest goes, the newest stays however large it is', () => {
  const log = new EgressLog({ maxAudioMs: 1000, maxBytes: 2 * (ENTRY_COST_BYTES + 10) }, memory);
  for (const seq of [1, 2, 3]) log.push(eventAt(seq));
  assert.deepEqual(seqs(log.after(0)), [2, 3]);
  log.push(eventAt(4, 5000));
  assert.deepEqual([seqs(log.after(0)), log.bytes], [[4], 5000 + ENTRY_COST_BYTES]);
});

test('the delivered place is the end of the newest speech up to a seq', () => {
  const log = new EgressLog(PLENTY, memory);
  log.push(speechAt(1, 3, 0));
  log.push(speechAt(2, 3, 100));
  log.push(eventAt(3));
  log.push(speechAt(4, 260, 0));
  assert.equal(log.deliveredAt(0), undefined);
  assert.deepEqual(log.deliveredAt(1), { turn: 3, mediaMs: 100 });
  assert.deepEqual(log.deliveredAt(3), { turn: 3, mediaMs: 200 });
  assert.deepEqual(log.deliveredAt(99), { turn: 4, mediaMs: 100 });
});

test('the delivered place is known after its speech was received, and not where it was forgotten too early', () => {
  const log = new EgressLog(PLENTY, memory);
  for (const seq of [1, 2, 3]) log.push(speechAt(seq, 1, seq * 100));
  log.received(2);
  assert.deepEqual(log.deliveredAt(2), { turn: 1, mediaMs: 300 });
  assert.equal(log.deliveredAt(1), undefined);
  log.received(3);
  assert.deepEqual(log.deliveredAt(3), { turn: 1, mediaMs: 400 });
});

test('what an earlier owner had delivered holds until this one has spoken', () => {
  const log = new EgressLog(PLENTY, memory, { seq: 40, delivered: { turn: 9, mediaMs: 1200 } });
  log.push(eventAt(41));
  assert.deepEqual(log.deliveredAt(41), { turn: 9, mediaMs: 1200 });
  assert.equal(log.deliveredAt(39), undefined);
  log.push(speechAt(42, 10, 0));
  assert.deepEqual(log.deliveredAt(42), { turn: 10, mediaMs: 100 });
});

test('whatever is said and received, the log is the newest part of what was not received, within its bounds', () => {
  const acts = fc.array(
    fc.oneof(
      fc.record({ act: fc.constant('speech' as const), audioMs: fc.integer({ min: 1, max: 200 }), bytes: fc.nat(400) }),
      fc.record({ act: fc.constant('event' as const), bytes: fc.nat(900) }),
      fc.record({ act: fc.constant('received' as const), back: fc.nat(20) }),
    ),
    { maxLength: 400 },
  );
  fc.assert(
    fc.property(acts, (all) => {
      const limits = { maxAudioMs: 1000, maxBytes: 8000 };
      const log = new EgressLog(limits, memory);
      let seq = 0;
      let received = 0;
      let kept: LoggedEgress[] = [];
      for (const act of all) {
        if (act.act === 'received') {
          received = Math.max(received, seq - act.back);
          log.received(received);
          kept = kept.filter((entry) => entry.seq > received);
        } else {
          seq += 1;
          const payload = new Uint8Array(act.bytes);
          const entry = act.act === 'speech' ? { ...speechAt(seq, 1, 0, act.audioMs), payload } : { ...eventAt(seq), payload };
          log.push(entry);
          kept.push(entry);
          while (kept.length > 1 && (sum(kept, ({ audioMs }) => audioMs) > limits.maxAudioMs || sum(kept, costOf) > limits.maxBytes)) kept.shift();
        }
        assert.deepEqual(seqs(log.after(0)), seqs(kept));
        assert.deepEqual([log.length, log.bytes], [kept.length, sum(kept, costOf)]);
      }
    }),
  );
});

function costOf({ payload }: LoggedEgress): number {
  return payload.length + ENTRY_COST_BYTES;
}

function sum(entries: readonly LoggedEgress[], of: (entry: LoggedEgress) => number): number {
  return entries.reduce((total, entry) => total + of(entry), 0);
}

test('what went because there was too much is told apart from what was received', () => {
  const log = new EgressLog({ maxAudioMs: 250, maxBytes: 1_000_000 }, memory);
  for (const seq of [1, 2]) log.push(speechAt(seq));
  log.received(1);
  assert.equal(log.overflowSeq, 0);
  for (const seq of [3, 4, 5]) log.push(speechAt(seq));
  assert.equal(log.overflowSeq, 3);
});

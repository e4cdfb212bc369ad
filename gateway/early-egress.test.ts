import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope } from '../shared/protocol/envelope.ts';
import { EarlyEgress } from './early-egress.ts';

function from(fence: number, seq: number): Envelope {
  return { type: 17, lane: 0, flags: 0, slot: 1, fence, seq, stampUs: 0, mediaMs: 0, payload: new Uint8Array(0) };
}

test('what the new owner says before it has answered is kept in order; what the old one says is not', () => {
  const early = new EarlyEgress();
  assert.deepEqual([from(1, 1), from(2, 2), from(1, 3), from(2, 4)].map((envelope) => early.add(envelope)), [0, 1, 1, 0]);
  assert.deepEqual(early.of(2).map(({ seq }) => seq), [2, 4]);
  assert.deepEqual(early.of(3), []);
  assert.equal(early.length, 2);
});

test('it is bounded, and what does not fit is the end, which can be asked for', () => {
  const early = new EarlyEgress();
  for (let seq = 1; seq <= 1000; seq++) early.add(from(1, seq));
  const kept = early.of(1).map(({ seq }) => seq);
  assert.deepEqual(kept, Array.from({ length: 256 }, (_, i) => i + 1));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BATCH_HEADER_BYTES, BatchEncoder, ENVELOPE_HEADER_BYTES, ENVELOPE_TYPE, readBatch, type Envelope } from './envelope.ts';

const u32 = fc.nat(0xffff_ffff);
const envelopes: fc.Arbitrary<Envelope> = fc.record({
  type: fc.nat(0xff), lane: fc.nat(0xff), flags: fc.nat(0xffff), slot: u32, fence: u32, seq: u32, stampUs: u32, mediaMs: u32,
  payload: fc.uint8Array({ maxLength: 2000 }),
}, { noNullPrototype: true });
const batches = fc.array(envelopes, { maxLength: 20 });

function encode(all: readonly Envelope[], flushedAtUs = 7): Uint8Array {
  const encoder = new BatchEncoder();
  for (const envelope of all) encoder.add(envelope);
  return encoder.flush(flushedAtUs);
}

function decode(batch: Uint8Array): { fault: ReturnType<typeof readBatch>; read: Envelope[]; stamps: number[] } {
  const read: Envelope[] = [];
  const stamps: number[] = [];
  const fault = readBatch(batch, (envelope, flushedAtUs) => {
    read.push({ ...envelope, payload: new Uint8Array(envelope.payload) });
    stamps.push(flushedAtUs);
  });
  return { fault, read, stamps };
}

function numbered(seq: number, payload: Uint8Array = new Uint8Array(0)): Envelope {
  return { type: ENVELOPE_TYPE.audio, lane: 2, flags: 0, slot: 1, fence: 1, seq, stampUs: 0, mediaMs: 0, payload };
}

test('what is packed into a batch comes out equal and in order, with the flush stamp', () => {
  fc.assert(
    fc.property(batches, u32, (all, flushedAtUs) => {
      const { fault, read, stamps } = decode(encode(all, flushedAtUs));
      assert.equal(fault, undefined);
      assert.deepEqual(read, all);
      assert.ok(stamps.every((stamp) => stamp === flushedAtUs));
    }),
  );
});

test('a batch has the documented layout, byte for byte', () => {
  const envelope = { type: 16, lane: 2, flags: 1, slot: 0x01020304, fence: 5, seq: 6, stampUs: 7, mediaMs: 8, payload: Uint8Array.of(0xaa, 0xbb) };
  assert.equal(
    Buffer.from(encode([envelope], 0x0a0b0c0d)).toString('hex'),
    '5601' + '0100' + '0d0c0b0a' + '02000000' + '10' + '02' + '0100' + '04030201' + '05000000' + '06000000' + '07000000' + '08000000' + 'aabb',
  );
});

test('bytes count what is waiting, headers included, and nothing waits after a flush', () => {
  const encoder = new BatchEncoder();
  encoder.add(numbered(1, new Uint8Array(100)));
  assert.deepEqual([encoder.count, encoder.bytes], [1, BATCH_HEADER_BYTES + ENVELOPE_HEADER_BYTES + 100]);
  assert.equal(encoder.flush(0).length, BATCH_HEADER_BYTES + ENVELOPE_HEADER_BYTES + 100);
  assert.deepEqual([encoder.count, encoder.bytes], [0, BATCH_HEADER_BYTES]);
});

test('memory of a batch is used again only where its taker says that nobody looks at it any more', () => {
  const encoder = new BatchEncoder();
  const next = (seq: number, mayReuse: boolean): Uint8Array => {
    encoder.add(numbered(seq, new Uint8Array(5000).fill(seq)));
    return encoder.flush(0, mayReuse);
  };
  const first = next(1, false);
  const kept = Uint8Array.from(first);
  const [second, third] = [next(2, false), next(3, false)];
  assert.deepEqual(Uint8Array.from(first), kept);
  assert.equal(new Set([first.buffer, second.buffer, third.buffer]).size, 3);
  const later = [next(4, true), next(5, true), next(6, true)];
  assert.ok(later.some(({ buffer }) => [first.buffer, second.buffer, third.buffer].includes(buffer)));
  assert.deepEqual(decode(later[2] ?? kept).read.map(({ seq }) => seq), [6]);
});

test('a flushed batch belongs to its taker: nothing added later changes it', () => {
  fc.assert(
    fc.property(fc.array(batches, { minLength: 2, maxLength: 6 }), (rounds) => {
      const encoder = new BatchEncoder();
      const taken = rounds.map((all) => {
        for (const envelope of all) encoder.add(envelope);
        const batch = encoder.flush(7);
        return { batch, copy: Uint8Array.from(batch) };
      });
      for (const { batch, copy } of taken) assert.deepEqual(Uint8Array.from(batch), copy);
      assert.deepEqual(taken.map(({ batch }) => decode(batch).read), rounds);
    }),
  );
});

test('a payload is copied when it is added: its owner may use it again', () => {
  const payload = Uint8Array.of(1, 2, 3);
  const encoder = new BatchEncoder();
  encoder.add(numbered(1, payload));
  payload.fill(9);
  assert.deepEqual(decode(encoder.flush(0)).read[0]?.payload, Uint8Array.of(1, 2, 3));
});

test('an envelope that does not fit its header is refused and leaves the batch as it was', () => {
  const encoder = new BatchEncoder();
  encoder.add(numbered(1));
  assert.throws(() => encoder.add({ ...numbered(2), type: 256 }), RangeError);
  encoder.add(numbered(3));
  const { fault, read } = decode(encoder.flush(0));
  assert.equal(fault, undefined);
  assert.deepEqual(read.map(({ seq }) => seq), [1, 3]);
});

test('no bytes make the reader throw', () => {
  const anyBytes = fc.uint8Array({ maxLength: 300 });
  const afterHeader = anyBytes.map((tail) => Uint8Array.from([0x56, 1, ...tail]));
  fc.assert(fc.property(fc.oneof(anyBytes, afterHeader), (bytes) => void decode(bytes)), { numRuns: 1000 });
});

test('a batch with any byte changed is read without a throw, and no payload reaches beyond it', () => {
  fc.assert(
    fc.property(batches, fc.nat(), fc.nat(255), (all, place, value) => {
      const bytes = Uint8Array.from(encode(all));
      bytes[place % bytes.length] = value;
      const { read } = decode(bytes);
      const needed = read.reduce((sum, { payload }) => sum + ENVELOPE_HEADER_BYTES + payload.length, BATCH_HEADER_BYTES);
      assert.ok(needed <= bytes.length);
    }),
  );
});

test('a batch cut anywhere yields the envelopes that are whole, and then the fault', () => {
  fc.assert(
    fc.property(batches, fc.nat(), (all, place) => {
      const whole = encode(all);
      const cut = whole.subarray(0, place % whole.length);
      const { fault, read } = decode(cut);
      assert.equal(fault, cut.length < BATCH_HEADER_BYTES ? 'short' : 'truncated');
      let end = BATCH_HEADER_BYTES;
      const fitting = all.filter(({ payload }) => (end += ENVELOPE_HEADER_BYTES + payload.length) <= cut.length);
      assert.deepEqual(read, fitting);
    }),
  );
});

test('bytes of something else are told by their fault', () => {
  const batch = encode([numbered(1)]);
  assert.equal(decode(Uint8Array.of(0x56, 1, 0)).fault, 'short');
  assert.equal(decode(Uint8Array.from(batch).fill(0x57, 0, 1)).fault, 'magic');
  assert.equal(decode(Uint8Array.from(batch).fill(2, 1, 2)).fault, 'version');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BINARY_FLAG, BINARY_HEADER_BYTES, BINARY_KIND, readBinaryFrame, writeBinaryFrame, type BinaryFrame } from './binary-frame.ts';

const u32 = fc.nat(0xffff_ffff);
const frames: fc.Arbitrary<BinaryFrame> = fc.record({
  kind: fc.constant(BINARY_KIND.audio), priority: fc.nat(255), flags: fc.constantFrom(0, BINARY_FLAG.resent), seq: u32, timestampMs: u32, payload: fc.uint8Array({ maxLength: 2000 }),
}, { noNullPrototype: true });

test('a frame that is written and read is the same, wherever it lies in its buffer', () => {
  fc.assert(
    fc.property(frames, fc.nat(9), (frame, offset) => {
      const written = writeBinaryFrame(frame);
      const within = new Uint8Array(offset + written.length);
      within.set(written, offset);
      assert.deepEqual(readBinaryFrame(within.subarray(offset)), frame);
    }),
  );
});

test('a frame has the documented layout, byte for byte', () => {
  const frame = { kind: BINARY_KIND.audio, priority: 2, seq: 0x01020304, timestampMs: 5, payload: Uint8Array.of(0xaa) };
  assert.equal(Buffer.from(writeBinaryFrame(frame)).toString('hex'), '01' + '01' + '02' + '00' + '04030201' + '05000000' + 'aa');
});

test('no bytes make the reader throw, and what it takes for a frame is written the same again', () => {
  const anyBytes = fc.uint8Array({ maxLength: 60 });
  const nearly = fc.tuple(fc.constantFrom(1, 0), fc.constantFrom(1, 2), anyBytes).map(([version, kind, tail]) => Uint8Array.from([version, kind, 1, 0, ...tail]));
  fc.assert(
    fc.property(fc.oneof(anyBytes, nearly), (bytes) => {
      const frame = readBinaryFrame(bytes);
      if (typeof frame !== 'string') assert.deepEqual(writeBinaryFrame(frame), bytes);
    }),
    { numRuns: 1000 },
  );
});

test('a header that is wrong is told by its fault', () => {
  const written = writeBinaryFrame({ kind: BINARY_KIND.audio, priority: 0, seq: 0, timestampMs: 0, payload: new Uint8Array(0) });
  const changed = (place: number, value: number): Uint8Array => written.with(place, value);
  assert.equal(readBinaryFrame(written.subarray(0, BINARY_HEADER_BYTES - 1)), 'short');
  assert.equal(readBinaryFrame(new Uint8Array(0)), 'short');
  assert.equal(readBinaryFrame(changed(0, 2)), 'version');
  assert.equal(readBinaryFrame(changed(1, 9)), 'kind');
  assert.equal(readBinaryFrame(changed(3, 2)), 'reserved');
});

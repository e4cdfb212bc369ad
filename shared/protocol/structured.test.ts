import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pack, unpack } from './structured.ts';

test('what JSON can say comes back equal', () => {
  // msgpackr renames the one key that would set a prototype.
  const texts = fc.json().filter((text) => !text.includes('__proto__'));
  fc.assert(
    fc.property(texts, (text) => {
      const value: unknown = JSON.parse(text);
      assert.deepEqual(unpack(pack(value)), value);
    }),
  );
});

test('bytes that redefine how msgpack is read change nothing for the next message', () => {
  const recordOf64 = Uint8Array.of(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (tail) => {
      unpack(Uint8Array.from([...recordOf64, ...tail]));
      unpack(recordOf64);
      assert.deepEqual(unpack(pack([64, 127])), [64, 127]);
    }),
  );
});

test('two values packed one after the other do not depend on each other: either can be read alone', () => {
  pack({ one: 1, two: 2 });
  const second = pack({ one: 3, two: 4 });
  assert.deepEqual(unpack(Uint8Array.from(second)), { one: 3, two: 4 });
});

test('packed bytes belong to their taker: packing more does not change them', () => {
  const first = pack({ text: 'first' });
  for (let i = 0; i < 1000; i += 1) pack({ text: `later ${i}` });
  assert.deepEqual(unpack(first), { text: 'first' });
});

test('an audio payload comes back as the same bytes', () => {
  const samples = Uint8Array.of(0, 127, 255);
  assert.deepEqual(Uint8Array.from(unpack<{ samples: Uint8Array }>(pack({ samples }))?.samples ?? []), samples);
});

test('bytes that are not msgpack are undefined, never a throw', () => {
  for (const bytes of [new Uint8Array(0), Uint8Array.of(0x92, 1), Uint8Array.of(1, 2), pack({ cut: 'short' }).slice(0, -1)]) {
    assert.equal(unpack(bytes), undefined, Buffer.from(bytes).toString('hex'));
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void unpack(bytes)), { numRuns: 2000 });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw } from './g711.ts';

const EVERY_CODE = Uint8Array.from({ length: 256 }, (_, code) => code);
const EVERY_SAMPLE = Int16Array.from({ length: 65536 }, (_, index) => index - 32768);
const LAWS = [
  { name: 'µ-law', encode: encodeUlaw, decode: decodeUlaw, milliwatt: [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e], overloadDbm0: 3.17, overload: 8159 * 4 },
  { name: 'A-law', encode: encodeAlaw, decode: decodeAlaw, milliwatt: [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4], overloadDbm0: 3.14, overload: 4096 * 8 },
];

test('µ-law has the values of G.711 table 2', () => {
  assert.deepEqual([...decodeUlaw(Uint8Array.of(0x80, 0x8f, 0xff, 0x7f, 0x00, 0xfe, 0x7e))], [32124, 16764, 0, 0, -32124, 8, -8]);
  assert.deepEqual([...encodeUlaw(Int16Array.of(0, -1, 32767, -32768, 8, 132))], [0xff, 0x7f, 0x80, 0x00, 0xfe, 0xef]);
});

test('A-law has the values of G.711 table 1', () => {
  assert.deepEqual([...decodeAlaw(Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a, 0xd4))], [8, -8, 32256, -32256, 24]);
  assert.deepEqual([...encodeAlaw(Int16Array.of(0, -1, 32767, -32768, 16))], [0xd5, 0x55, 0xaa, 0x2a, 0xd4]);
});

for (const law of LAWS) {
  test(`${law.name}: the 0 dBm0 sequence of G.711 decodes to a 1 kHz sine at its level and encodes back`, () => {
    const bytes = Uint8Array.from(law.milliwatt);
    const samples = law.decode(bytes);
    assert.deepEqual(law.encode(samples), bytes);
    const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    const levelDbm0 = law.overloadDbm0 - 20 * Math.log10(law.overload / (rms * Math.SQRT2));
    assert.ok(Math.abs(levelDbm0) < 0.02, `level is ${levelDbm0} dBm0`);
  });

  test(`${law.name}: every code survives decoding and encoding, but for the second zero`, () => {
    const expected = EVERY_CODE.map((code) => (law.name === 'µ-law' && code === 0x7f ? 0xff : code));
    assert.deepEqual(law.encode(law.decode(EVERY_CODE)), expected);
  });

  test(`${law.name}: no sample moves by more than half a step of its segment, order is kept`, () => {
    const decoded = law.decode(law.encode(EVERY_SAMPLE));
    for (const [index, sample] of EVERY_SAMPLE.entries()) {
      const [value, before] = [decoded[index] ?? NaN, decoded[index - 1] ?? -Infinity];
      assert.ok(Math.abs(value - sample) <= (Math.abs(sample) + 132) / 32 + 4, `${sample} became ${value}`);
      assert.ok(value >= before, `order breaks at ${sample}`);
    }
  });
}

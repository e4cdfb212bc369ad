import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readWav, WavError, writeWav } from './wav.ts';

const SAMPLES = Int16Array.of(0, 1, -1, 32767, -32768);

/** A file of these chunks, each a tag and its body. */
function riff(...chunks: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const parts = chunks.map(([tag, body]) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(body.length);
    return Buffer.concat([Buffer.from(tag), size, body, Buffer.alloc(body.length % 2)]);
  });
  return Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE'), ...parts]);
}

function format(encoding: number, channels: number, rateHz: number, bits: number): Uint8Array {
  const body = Buffer.alloc(16);
  body.writeUInt16LE(encoding, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rateHz, 4);
  body.writeUInt16LE(bits, 14);
  return body;
}

test('what is written is read again, wherever the bytes begin', () => {
  const bytes = writeWav(SAMPLES, 24000);
  assert.deepEqual(readWav(bytes), { samples: SAMPLES, sampleRateHz: 24000 });
  assert.deepEqual(readWav(Buffer.concat([Buffer.alloc(1), bytes]).subarray(1)).samples, SAMPLES);
});

test('chunks that are not understood are passed over, odd ones with their padding', () => {
  const bytes = riff(['LIST', Buffer.from('odd')], ['fmt ', format(1, 1, 8000, 16)], ['fact', Buffer.alloc(4)], ['data', Buffer.of(1, 0)], ['id3 ', Buffer.of(7)]);
  assert.deepEqual(readWav(bytes), { samples: Int16Array.of(1), sampleRateHz: 8000 });
});

test('stereo is mixed to one channel without overflow', () => {
  const loud = Buffer.from(Int16Array.of(32767, 32767, -32768, -32768, 100, -100).buffer);
  assert.deepEqual(readWav(riff(['fmt ', format(1, 2, 48000, 16)], ['data', loud])).samples, Int16Array.of(32767, -32768, 0));
});

test('a data chunk longer than the file ends with the file', () => {
  const bytes = writeWav(SAMPLES, 16000);
  assert.deepEqual(readWav(bytes.subarray(0, bytes.length - 3)).samples, SAMPLES.subarray(0, 3));
});

test('an extensible format counts by what it names', () => {
  const body = Buffer.concat([format(0xfffe, 1, 16000, 16), Buffer.alloc(24)]);
  body.writeUInt16LE(1, 24);
  assert.equal(readWav(riff(['fmt ', body], ['data', Buffer.alloc(4)])).samples.length, 2);
});

const REFUSED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['an empty file', Buffer.alloc(0), /no RIFF\/WAVE/],
  ['an MP3', Buffer.from('ID3\u0003 and so on and so on'), /no RIFF\/WAVE/],
  ['32-bit float', riff(['fmt ', format(3, 1, 16000, 32)], ['data', Buffer.alloc(4)]), /encoding 3 with 32 bits.*ffmpeg/],
  ['no format', riff(['data', Buffer.alloc(4)]), /no format chunk/],
  ['no data', riff(['fmt ', format(1, 1, 16000, 16)]), /no data chunk/],
  ['no channels', riff(['fmt ', format(1, 0, 16000, 16)], ['data', Buffer.alloc(4)]), /0 channels/],
  ['a cut format', riff(['fmt ', Buffer.alloc(3)]), /cut within its format/],
];

for (const [name, bytes, message] of REFUSED) {
  test(`${name} is refused with a sentence that says so`, () => {
    assert.throws(() => readWav(bytes), { name: 'WavError', message });
  });
}

test('no bytes make reading throw anything but WavError', () => {
  const valid = writeWav(SAMPLES, 16000);
  const damaged = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 12 }).map((edits) => {
    const bytes = Uint8Array.from(valid);
    for (const [at, value] of edits) bytes[at] = value;
    return bytes;
  });
  const any = fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged, fc.uint8Array({ maxLength: 99 }).map((body) => riff(['fmt ', body], ['data', body])));
  fc.assert(
    fc.property(any, (bytes) => {
      try {
        assert.ok(readWav(bytes).sampleRateHz > 0);
      } catch (error) {
        assert.ok(error instanceof WavError);
      }
    }),
    { numRuns: 2000 },
  );
});

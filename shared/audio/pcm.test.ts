import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pcmFromSamples, samplesFromPcm } from './pcm.ts';

test('samples are read little-endian wherever the bytes begin', () => {
  const bytes = Uint8Array.of(9, 0x01, 0x00, 0xff, 0xff, 0x00, 0x80);
  assert.deepEqual([...samplesFromPcm(bytes.subarray(1))], [1, -1, -32768]);
  assert.deepEqual([...samplesFromPcm(Uint8Array.from(bytes.subarray(1)))], [1, -1, -32768]);
});

test('aligned bytes are viewed, not copied', () => {
  const bytes = new Uint8Array(8);
  assert.equal(samplesFromPcm(bytes).buffer, bytes.buffer);
});

test('samples come back from their own bytes', () => {
  const samples = Int16Array.of(0, 1, -1, 32767, -32768).subarray(1);
  assert.deepEqual([...pcmFromSamples(samples)], [1, 0, 0xff, 0xff, 0xff, 0x7f, 0x00, 0x80]);
  assert.deepEqual([...samplesFromPcm(pcmFromSamples(samples))], [...samples]);
});

test('half a sample is refused with a code', () => {
  assert.throws(() => samplesFromPcm(new Uint8Array(3)), { name: 'VoxError', code: 'bad_audio_length' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { audioBytes, audioMs, bytesPerSample, DEFAULT_AUDIO_FORMAT, ENCODINGS, SAMPLE_RATES_HZ } from './audio-format.ts';

const formats = fc.record({ encoding: fc.constantFrom(...ENCODINGS), sampleRateHz: fc.constantFrom(...SAMPLE_RATES_HZ) });

test('20 ms take 640 bytes as 16 kHz PCM16 and 160 as telephone G.711', () => {
  assert.equal(audioBytes(DEFAULT_AUDIO_FORMAT, 20), 640);
  for (const encoding of ['ulaw', 'alaw'] as const) assert.equal(audioBytes({ encoding, sampleRateHz: 8000 }, 20), 160);
});

test('bytes are whole samples for any duration', () => {
  fc.assert(
    fc.property(formats, fc.double({ min: 0, max: 60_000, noNaN: true }), (format, durationMs) => {
      assert.equal(audioBytes(format, durationMs) % bytesPerSample(format.encoding), 0);
    }),
  );
});

test('whole milliseconds are what they were after a way through bytes', () => {
  fc.assert(fc.property(formats, fc.nat(3_600_000), (format, durationMs) => assert.equal(audioMs(format, audioBytes(format, durationMs)), durationMs)));
});

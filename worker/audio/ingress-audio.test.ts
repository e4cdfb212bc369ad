import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeAudio } from '../../shared/audio/codec.ts';
import { resample } from '../../shared/audio/resampler.ts';
import { ENCODINGS, SAMPLE_RATES_HZ } from '../../shared/protocol/audio-format.ts';
import { IngressAudio } from './ingress-audio.ts';

for (const encoding of ENCODINGS) {
  for (const sampleRateHz of SAMPLE_RATES_HZ) {
    test(`${encoding} at ${sampleRateHz} Hz in frames of any size becomes a clean tone at 16 kHz`, async () => {
      const audio = await IngressAudio.create({ encoding, sampleRateHz });
      const sent = tone(sampleRateHz);
      const heard: number[] = [];
      for (let at = 0, size = 1; at < sent.length; at += size, size = (size * 7) % 997) {
        heard.push(...audio.process(encodeAudio(encoding, sent.slice(at, at + size))));
      }
      audio.free();
      const wanted = tone(16_000);
      assert.ok(wanted.length - heard.length <= 80, `${wanted.length - heard.length} samples are missing`);
      const worst = heard.slice(160).reduce((most, sample, at) => Math.max(most, Math.abs(sample - (wanted[at + 160] ?? NaN))), 0);
      assert.ok(worst <= (encoding === 'pcm16' ? 60 : 700), `worst sample is off by ${worst} of 16000`);
    });
  }
}

test('equal format passes bytes through sample for sample', async () => {
  const audio = await IngressAudio.create({ encoding: 'pcm16', sampleRateHz: 16_000 });
  assert.deepEqual([...audio.process(Uint8Array.of(1, 0, 0xff, 0xff))], [1, -1]);
  audio.free();
});

test('bytes may lie at any address', async () => {
  const audio = await IngressAudio.create({ encoding: 'pcm16', sampleRateHz: 16_000 });
  const odd = Uint8Array.of(9, 1, 0, 2, 0, 3, 0).subarray(1);
  assert.deepEqual([...audio.process(odd)], [1, 2, 3]);
  assert.deepEqual([...audio.process(odd.subarray(0, 2))], [1]);
  assert.throws(() => audio.process(odd.subarray(0, 3)), { name: 'VoxError', code: 'bad_audio_length' });
  audio.free();
});

test('half a sample is refused and disturbs nothing after it', async () => {
  const audio = await IngressAudio.create({ encoding: 'pcm16', sampleRateHz: 8000 });
  const sent = tone(8000);
  const heard = [...audio.process(encodeAudio('pcm16', sent.slice(0, 500)))];
  assert.throws(() => audio.process(new Uint8Array(321)), { name: 'VoxError', code: 'bad_audio_length' });
  heard.push(...audio.process(encodeAudio('pcm16', sent.slice(500))));
  audio.free();
  assert.deepEqual(heard, [...(await resample(sent, 8000, 16_000)).subarray(0, heard.length)]);
});

/** Half a second of 440 Hz at half of full scale. */
function tone(rateHz: number): Int16Array {
  return Int16Array.from({ length: rateHz / 2 }, (_, at) => Math.round(16_000 * Math.sin((2 * Math.PI * 440 * at) / rateHz)));
}

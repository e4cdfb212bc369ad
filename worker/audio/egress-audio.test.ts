import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeAudio } from '../../shared/audio/codec.ts';
import { resample } from '../../shared/audio/resampler.ts';
import { audioBytes, ENCODINGS, SAMPLE_RATES_HZ, type AudioFormat } from '../../shared/protocol/audio-format.ts';
import { EgressAudio } from './egress-audio.ts';

const FRAME_MS = 20;
const PCM_16K: AudioFormat = { encoding: 'pcm16', sampleRateHz: 16_000 };

for (const encoding of ENCODINGS) {
  for (const sampleRateHz of SAMPLE_RATES_HZ) {
    test(`speech at 16 kHz becomes seamless ${encoding} frames at ${sampleRateHz} Hz`, async () => {
      const format = { encoding, sampleRateHz };
      const audio = await EgressAudio.create(format, FRAME_MS);
      const speech = tone(16_000, 7777);
      const frames: Uint8Array[] = [];
      for (let at = 0, size = 3; at < speech.length; at += size, size = (size * 5) % 1499) {
        frames.push(...audio.process({ samples: speech.subarray(at, at + size), sampleRateHz: 16_000 }));
      }
      frames.push(...audio.finish());
      audio.free();
      for (const frame of frames) assert.equal(frame.length, audioBytes(format, FRAME_MS));
      const whole = await resample(speech, 16_000, sampleRateHz);
      const heard = frames.flatMap((frame) => [...decodeAudio(encoding, frame)]);
      assert.equal(frames.length, Math.ceil((whole.length * 1000) / sampleRateHz / FRAME_MS));
      const allowed = encoding === 'pcm16' ? 0 : 520;
      for (const [at, sample] of heard.entries()) assert.ok(Math.abs(sample - (whole[at] ?? 0)) <= allowed, `sample ${at}`);
    });
  }
}

test('a frame is delivered as soon as it is full and stays as it was', async () => {
  const audio = await EgressAudio.create(PCM_16K, FRAME_MS);
  assert.deepEqual(audio.process({ samples: tone(16_000, 319), sampleRateHz: 16_000 }), []);
  const [frame] = audio.process({ samples: Int16Array.of(5), sampleRateHz: 16_000 });
  assert.ok(frame !== undefined);
  const before = Uint8Array.from(frame);
  audio.process({ samples: new Int16Array(320).fill(99), sampleRateHz: 16_000 });
  assert.deepEqual(Uint8Array.from(frame), before);
});

test('finish pads with silence, and with nothing spoken gives nothing', async () => {
  const audio = await EgressAudio.create(PCM_16K, FRAME_MS);
  assert.deepEqual(audio.finish(), []);
  audio.process({ samples: Int16Array.of(7), sampleRateHz: 16_000 });
  const [last, ...more] = audio.finish();
  assert.ok(last !== undefined);
  assert.deepEqual([...decodeAudio('pcm16', last)], [7, ...new Array<number>(319).fill(0)]);
  assert.deepEqual([more, audio.finish()], [[], []]);
});

test('a synthesizer may change its rate within a turn without losing a sample', async () => {
  const audio = await EgressAudio.create(PCM_16K, FRAME_MS);
  const frames = [
    ...audio.process({ samples: tone(8000, 400), sampleRateHz: 8000 }),
    ...audio.process({ samples: tone(16_000, 800), sampleRateHz: 16_000 }),
    ...audio.process({ samples: tone(24_000, 1200), sampleRateHz: 24_000 }),
    ...audio.finish(),
  ];
  audio.free();
  const heard = frames.flatMap((frame) => [...decodeAudio('pcm16', frame)]);
  const wanted = [...(await resample(tone(8000, 400), 8000, 16_000)), ...tone(16_000, 800), ...(await resample(tone(24_000, 1200), 24_000, 16_000))];
  assert.deepEqual(heard.slice(0, 2400), wanted);
});

test('a turn that was freed in its middle gives nothing more', async () => {
  const audio = await EgressAudio.create(PCM_16K, FRAME_MS);
  audio.process({ samples: tone(8000, 500), sampleRateHz: 8000 });
  audio.free();
  audio.free();
  assert.deepEqual([...audio.process({ samples: tone(8000, 500), sampleRateHz: 8000 }), ...audio.finish()], []);
});

test('a frame of no whole number of samples is refused', async () => {
  await assert.rejects(EgressAudio.create({ encoding: 'ulaw', sampleRateHz: 8000 }, 0.3), RangeError);
});

/** 440 Hz at half of full scale. */
function tone(rateHz: number, length: number): Int16Array {
  return Int16Array.from({ length }, (_, at) => Math.round(16_000 * Math.sin((2 * Math.PI * 440 * at) / rateHz)));
}

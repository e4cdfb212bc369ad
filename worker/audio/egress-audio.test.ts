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
      const made: Uint8Array[] = [];
      for (let at = 0, size = 3; at < speech.length; at += size, size = (size * 5) % 1499) {
        made.push(Uint8Array.from(audio.process({ samples: speech.subarray(at, at + size), sampleRateHz: 16_000 })));
      }
      made.push(Uint8Array.from(audio.finish()));
      audio.free();
      const frameBytes = audioBytes(format, FRAME_MS);
      for (const frames of made) assert.equal(frames.length % frameBytes, 0);
      const whole = await resample(speech, 16_000, sampleRateHz);
      const heard = made.flatMap((frames) => [...decodeAudio(encoding, frames)]);
      assert.equal(Buffer.concat(made).length, Math.ceil((whole.length * 1000) / sampleRateHz / FRAME_MS) * frameBytes);
      const allowed = encoding === 'pcm16' ? 0 : 520;
      for (const [at, sample] of heard.entries()) assert.ok(Math.abs(sample - (whole[at] ?? 0)) <= allowed, `sample ${at}`);
    });
  }
}

test('a frame is delivered as soon as it is full, and stays as it was until the next call', async () => {
  const audio = await EgressAudio.create(PCM_16K, FRAME_MS);
  assert.equal(audio.process({ samples: tone(16_000, 319), sampleRateHz: 16_000 }).length, 0);
  const frame = audio.process({ samples: Int16Array.of(5), sampleRateHz: 16_000 });
  assert.deepEqual([...decodeAudio('pcm16', frame)], [...tone(16_000, 319), 5]);
});

test('a turn however long is spoken in one piece of memory', async () => {
  const audio = await EgressAudio.create(PCM_16K, FRAME_MS);
  const buffers = new Set<ArrayBufferLike>();
  for (let chunk = 0; chunk < 200; chunk++) {
    const frames = audio.process({ samples: new Int16Array(330).fill(chunk), sampleRateHz: 16_000 });
    assert.equal(decodeAudio('pcm16', frames).at(-1), frames.length === 0 ? undefined : chunk);
    buffers.add(frames.buffer);
  }
  assert.ok(buffers.size <= 3, `${buffers.size} pieces`);
});

test('a chunk however long comes as all the frames it completes', async () => {
  const audio = await EgressAudio.create(PCM_16K, FRAME_MS);
  const speech = tone(16_000, 100 * 320 + 7);
  const frames = audio.process({ samples: speech, sampleRateHz: 16_000 });
  assert.deepEqual([...decodeAudio('pcm16', frames)], [...speech.subarray(0, 100 * 320)]);
  assert.deepEqual([...decodeAudio('pcm16', audio.finish())].slice(0, 7), [...speech.subarray(100 * 320)]);
});

test('finish pads with silence, and with nothing spoken gives nothing', async () => {
  const audio = await EgressAudio.create(PCM_16K, FRAME_MS);
  assert.equal(audio.finish().length, 0);
  audio.process({ samples: Int16Array.of(7), sampleRateHz: 16_000 });
  assert.deepEqual([...decodeAudio('pcm16', audio.finish())], [7, ...new Array<number>(319).fill(0)]);
  assert.equal(audio.finish().length, 0);
});

test('a synthesizer may change its rate within a turn without losing a sample', async () => {
  const audio = await EgressAudio.create(PCM_16K, FRAME_MS);
  const made = [
    Uint8Array.from(audio.process({ samples: tone(8000, 400), sampleRateHz: 8000 })),
    Uint8Array.from(audio.process({ samples: tone(16_000, 800), sampleRateHz: 16_000 })),
    Uint8Array.from(audio.process({ samples: tone(24_000, 1200), sampleRateHz: 24_000 })),
    Uint8Array.from(audio.finish()),
  ];
  audio.free();
  const heard = made.flatMap((frames) => [...decodeAudio('pcm16', frames)]);
  const wanted = [...(await resample(tone(8000, 400), 8000, 16_000)), ...tone(16_000, 800), ...(await resample(tone(24_000, 1200), 24_000, 16_000))];
  assert.deepEqual(heard.slice(0, 2400), wanted);
});

test('a turn that was freed in its middle gives nothing more', async () => {
  const audio = await EgressAudio.create(PCM_16K, FRAME_MS);
  audio.process({ samples: tone(8000, 500), sampleRateHz: 8000 });
  audio.free();
  audio.free();
  assert.deepEqual([audio.process({ samples: tone(8000, 500), sampleRateHz: 8000 }).length, audio.finish().length], [0, 0]);
});

test('a frame of no whole number of samples is refused', async () => {
  await assert.rejects(EgressAudio.create({ encoding: 'ulaw', sampleRateHz: 8000 }, 0.3), RangeError);
});

/** 440 Hz at half of full scale. */
function tone(rateHz: number, length: number): Int16Array {
  return Int16Array.from({ length }, (_, at) => Math.round(16_000 * Math.sin((2 * Math.PI * 440 * at) / rateHz)));
}

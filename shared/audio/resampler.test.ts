import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadResampler, resample, Resampler } from './resampler.ts';

const PAIRS_HZ = [
  [8000, 16000],
  [24000, 16000],
  [48000, 16000],
  [16000, 8000],
  [16000, 24000],
  [16000, 48000],
  [22050, 16000],
  [44100, 16000],
] as const;

for (const [fromHz, toHz] of PAIRS_HZ) {
  test(`${fromHz} → ${toHz} Hz: a tone keeps its place, level and purity up to both ends`, async () => {
    const from = tone(fromHz, fromHz / 2);
    const to = await resample(from, fromHz, toHz);
    assert.equal(to.length, toHz / 2);
    const wanted = tone(toHz, toHz / 2);
    const edge = toHz / 100;
    const worst = to.subarray(edge, -edge).reduce((most, sample, at) => Math.max(most, Math.abs(sample - (wanted[at + edge] ?? NaN))), 0);
    assert.ok(worst < 60, `worst sample is off by ${worst} of 16000`);
  });

  test(`${fromHz} → ${toHz} Hz: any chunks give the very samples of the whole`, async () => {
    const make = await loadResampler();
    const samples = noise(3000);
    const whole = await resample(samples, fromHz, toHz);
    const cuts = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 12 });
    const resampler = make(fromHz, toHz);
    fc.assert(
      fc.property(cuts, (sizes) => {
        const parts: number[] = [];
        let at = 0;
        for (const size of sizes) {
          parts.push(...resampler.process(samples.subarray(at, at + size)));
          at += size;
        }
        parts.push(...resampler.process(samples.subarray(at)), ...resampler.flush());
        assert.deepEqual(parts, [...whole]);
      }),
      { numRuns: 20 },
    );
    resampler.free();
  });
}

test('audio far longer than the working memory passes whole', async () => {
  const samples = tone(8000, 200_000);
  assert.equal((await resample(samples, 8000, 48000)).length, 1_200_000);
});

test('interleaved streams do not disturb each other', async () => {
  const make = await loadResampler();
  const [a, b] = [make(8000, 16000), make(8000, 16000)];
  const [left, right] = [tone(8000, 1600), noise(1600)];
  const heard: number[] = [];
  for (let at = 0; at < 1600; at += 160) {
    heard.push(...a.process(left.subarray(at, at + 160)));
    b.process(right.subarray(at, at + 160));
  }
  heard.push(...a.flush());
  assert.deepEqual(heard, [...(await resample(left, 8000, 16000))]);
  a.free();
  b.free();
});

test('the output lags by the look-ahead and no more', async () => {
  const resampler = await Resampler.create(8000, 16000);
  assert.equal(resampler.process(new Int16Array(800)).length, 1600 - 2 * resampler.lookAheadSamples);
  assert.equal(resampler.lookAheadSamples, 40);
  resampler.free();
});

test('loud audio is clipped, never wrapped around', async () => {
  const square = Int16Array.from({ length: 1600 }, (_, at) => (at % 40 < 20 ? 32767 : -32768));
  const to = await resample(square, 16000, 48000);
  for (let at = 60; at < to.length - 60; at += 60) {
    const middle = to[at + 30] ?? 0;
    assert.ok(Math.abs(middle) > 25_000);
    assert.equal(Math.sign(middle), Math.floor(at / 60) % 2 === 0 ? 1 : -1);
  }
});

test('a freed resampler refuses work, freeing twice is harmless', async () => {
  const resampler = await Resampler.create(8000, 16000);
  resampler.free();
  resampler.free();
  assert.throws(() => resampler.process(new Int16Array(1)), /freed/);
});

test('a rate that is no positive integer is refused', async () => {
  await assert.rejects(Resampler.create(0, 16000), RangeError);
  await assert.rejects(Resampler.create(16000, 8000.5), RangeError);
});

/** 440 Hz at half of full scale. */
function tone(rateHz: number, length: number): Int16Array {
  return Int16Array.from({ length }, (_, at) => Math.round(16_000 * Math.sin((2 * Math.PI * 440 * at) / rateHz)));
}

/** The same white noise each time. */
function noise(length: number): Int16Array {
  let state = 1;
  return Int16Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >> 17;
  });
}

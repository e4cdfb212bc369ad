import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrameCutter } from './page/frame-cutter.ts';
import { loudness } from './page/loudness.ts';
import { PlayoutRing } from './page/playout-ring.ts';
import { StreamResampler } from './page/stream-resampler.ts';

const LIMITS = { capacitySamples: 1000, startSamples: 96, maxStartSamples: 200, fadeSamples: 8 };

function pulled(ring: PlayoutRing, calls: number, size = 32): number[] {
  const output = new Float32Array(size);
  return Array.from({ length: calls }, () => {
    ring.pull(output);
    return Array.from(output, (sample) => sample * 32768);
  }).flat();
}

function ramp(from: number, count: number): Int16Array {
  return Int16Array.from({ length: count }, (_, at) => from + at);
}

describe('the playout ring', () => {
  test('is silent until the start buffer is full, then plays every sample once, in order', () => {
    const ring = new PlayoutRing(LIMITS);
    ring.push(1, ramp(1, 64), false);
    assert.deepEqual(pulled(ring, 1), Array(32).fill(0));
    ring.push(2, ramp(65, 64), true);
    assert.deepEqual(pulled(ring, 4), [...ramp(1, 128)]);
  });

  test('starts a reply shorter than the start buffer after waiting as long as the buffer is', () => {
    const ring = new PlayoutRing(LIMITS);
    ring.push(1, ramp(1, 32), false);
    const output = pulled(ring, 5);
    assert.deepEqual(output.slice(0, 96), Array(96).fill(0));
    assert.deepEqual(output.slice(96, 128), [...ramp(1, 32)]);
    assert.equal(ring.report.playedSeq, 1);
  });

  test('plays on without a seam where its memory wraps around', () => {
    const ring = new PlayoutRing(LIMITS);
    const heard: number[] = [];
    ring.push(0, ramp(0, 96), false);
    for (let at = 1; at < 60; at += 1) {
      ring.push(at, ramp(at * 96, 96), true);
      heard.push(...pulled(ring, 3));
    }
    assert.deepEqual(heard, [...ramp(0, 59 * 96)]);
    assert.equal(ring.report.underruns, 0);
  });

  test('tells a message as played when its last sample is', () => {
    const ring = new PlayoutRing(LIMITS);
    ring.push(10, ramp(0, 96), false);
    ring.push(11, ramp(0, 96), true);
    pulled(ring, 2);
    assert.equal(ring.report.playedSeq, undefined);
    pulled(ring, 1);
    assert.equal(ring.report.playedSeq, 10);
    pulled(ring, 3);
    assert.equal(ring.report.playedSeq, 11);
  });

  test('counts an underrun when a reply goes on after silence, not when a new reply begins', () => {
    const ring = new PlayoutRing(LIMITS);
    ring.push(1, ramp(0, 96), false);
    pulled(ring, 4);
    ring.push(2, ramp(0, 96), false);
    pulled(ring, 4);
    assert.equal(ring.report.underruns, 0);
    ring.push(3, ramp(0, 96), true);
    assert.equal(ring.report.underruns, 1);
  });

  test('gathers more after an underrun', () => {
    const ring = new PlayoutRing(LIMITS);
    ring.push(1, ramp(0, 96), false);
    pulled(ring, 4);
    ring.push(2, ramp(0, 96), true);
    pulled(ring, 1);
    assert.equal(ring.report.sounding, false);
    ring.push(3, ramp(0, 64), true);
    pulled(ring, 1);
    assert.equal(ring.report.sounding, true);
  });

  test('clears what was not played, fading out what sounds, and does not tell it as played', () => {
    const ring = new PlayoutRing(LIMITS);
    ring.push(1, new Int16Array(400).fill(8000), false);
    pulled(ring, 2);
    ring.clear();
    assert.deepEqual(pulled(ring, 1).slice(0, 10), [7000, 6000, 5000, 4000, 3000, 2000, 1000, 0, 0, 0]);
    assert.deepEqual({ ...ring.report }, { playedSeq: undefined, sounding: false, bufferedSamples: 0, underruns: 0, droppedSamples: 0 });
  });

  test('never jumps to silence', () => {
    const ring = new PlayoutRing(LIMITS);
    ring.push(1, new Int16Array(96).fill(8000), false);
    const output = pulled(ring, 4);
    const steps = output.slice(1).map((sample, at) => Math.abs(sample - (output[at] ?? 0)));
    assert.ok(Math.max(...steps) <= 1000);
  });

  test('holds no more than its capacity', () => {
    const ring = new PlayoutRing(LIMITS);
    for (let seq = 0; seq < 10; seq += 1) ring.push(seq, ramp(0, 300), true);
    assert.equal(ring.report.bufferedSamples, 1000);
    assert.equal(ring.report.droppedSamples, 2000);
  });
});

function sine(hz: number, rateHz: number, seconds: number): Float32Array {
  return Float32Array.from({ length: rateHz * seconds }, (_, at) => 0.5 * Math.sin((2 * Math.PI * hz * at) / rateHz));
}

function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

describe('the capture resampler', () => {
  for (const fromHz of [48_000, 44_100, 8000]) {
    test(`keeps a voice's tones from ${fromHz} Hz, where they were and as loud as they were`, () => {
      const output = new StreamResampler(fromHz, 16_000).process(sine(1000, fromHz, 0.5));
      const error = output.subarray(200).map((sample, at) => sample - 0.5 * Math.sin((2 * Math.PI * 1000 * (at + 200)) / 16_000));
      assert.ok(output.length > 7800);
      assert.ok(rms(error) < 0.0005, `error ${rms(error)}`);
    });
  }

  test('stops what the lower rate cannot carry', () => {
    const output = new StreamResampler(48_000, 16_000).process(sine(10_000, 48_000, 0.5));
    assert.ok(rms(output.subarray(200)) < 0.0005);
  });

  test('gives the same samples in pieces as in one', () => {
    const input = sine(440, 44_100, 0.2);
    const whole = new StreamResampler(44_100, 16_000).process(input);
    const pieces = new StreamResampler(44_100, 16_000);
    const joined: number[] = [];
    for (let at = 0; at < input.length; at += 128) joined.push(...pieces.process(input.subarray(at, at + 128)));
    assert.deepEqual(joined, [...whole]);
  });
});

describe('the frame cutter', () => {
  test('cuts frames of whole length and clips what is too loud', () => {
    const frames: Int16Array[] = [];
    const cutter = new FrameCutter(16_000, 16_000, 4);
    cutter.push(Float32Array.of(0, 0.5, -0.5, 1), (frame) => frames.push(frame));
    cutter.push(Float32Array.of(-2, 2), (frame) => frames.push(frame));
    cutter.push(Float32Array.of(0, 0, 0), (frame) => frames.push(frame));
    assert.deepEqual(frames.map((frame) => [...frame]), [[0, 16384, -16384, 32767], [-32768, 32767, 0, 0]]);
  });
});

test('loudness is 0 for silence, 1 for loud speech and in between by decibels', () => {
  assert.equal(loudness(new Int16Array(320)), 0);
  assert.equal(loudness(new Int16Array(0)), 0);
  assert.equal(loudness(new Int16Array(320).fill(20_000)), 1);
  const quiet = loudness(new Int16Array(320).fill(400));
  assert.ok(quiet > 0.3 && quiet < 0.5, String(quiet));
});

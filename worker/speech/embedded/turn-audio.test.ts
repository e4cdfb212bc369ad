import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_TURN_MS, TurnAudio } from './turn-audio.ts';

const MINUTE_SAMPLES = 960_000;

describe('turn audio', () => {
  it('is padded with a quarter of a second of silence at both ends', () => {
    const audio = new TurnAudio();
    audio.push(Int16Array.of(1, 2));
    audio.push(Int16Array.of(3));
    const padded = audio.padded();
    assert.equal(padded.length, 8003);
    assert.deepEqual([...padded.subarray(3999, 4004)], [0, 1, 2, 3, 0]);
  });

  it('keeps what was pushed, not the array it came in', () => {
    const audio = new TurnAudio();
    const samples = Int16Array.of(7);
    audio.push(samples);
    samples[0] = 0;
    assert.equal(audio.padded()[4000], 7);
  });

  it('keeps the first minute of a longer turn', () => {
    const audio = new TurnAudio();
    assert.equal(audio.push(new Int16Array(MINUTE_SAMPLES - 1).fill(1)), true);
    assert.equal(audio.push(Int16Array.of(2, 3)), false);
    assert.equal(audio.push(Int16Array.of(4)), false);
    assert.equal(audio.lengthMs, MAX_TURN_MS);
    assert.equal(audio.padded().at(-4001), 2);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { trimSilence } from './silence-trim.ts';

const RATE_HZ = 16_000;

/** One second, quiet but for the samples from `from` to `to`. */
function burst(from: number, to: number): Int16Array {
  return Int16Array.from({ length: RATE_HZ }, (_, i) => (i >= from && i < to ? 5000 : (i % 3) * 20));
}

describe('trimSilence', () => {
  it('keeps 30 ms before speech and 180 ms after it', () => {
    const trimmed = trimSilence(burst(4000, 8000), RATE_HZ);
    assert.equal(trimmed.findIndex((sample) => sample === 5000), 480);
    assert.equal(trimmed.length, 480 + 4000 + 2880);
  });

  it('keeps what there is where there is less', () => {
    assert.equal(trimSilence(burst(100, RATE_HZ - 100), RATE_HZ).length, RATE_HZ);
  });

  it('leaves nothing of silence', () => {
    assert.equal(trimSilence(burst(0, 0), RATE_HZ).length, 0);
    assert.equal(trimSilence(new Int16Array(0), RATE_HZ).length, 0);
  });
});

/** Silence kept before speech, so that a soft first consonant is not cut off. */
const KEEP_BEFORE_MS = 30;

/** Silence kept after speech: the pause that a listener expects between two sentences. */
const KEEP_AFTER_MS = 180;

/** Loudest sample that counts as silence, about -47 dB of full scale; the voices hiss at up to 130. */
const SILENCE_PEAK = 150;

/** The part of `samples` that is speech, with 30 ms before it and up to 180 ms after it: a view. Empty if all is silence. */
export function trimSilence<Samples extends Int16Array>(samples: Samples, sampleRateHz: number): Int16Array {
  const first = samples.findIndex(isLoud);
  if (first < 0) return samples.subarray(0, 0);
  const last = samples.findLastIndex(isLoud);
  const start = first - Math.round((KEEP_BEFORE_MS * sampleRateHz) / 1000);
  const end = last + 1 + Math.round((KEEP_AFTER_MS * sampleRateHz) / 1000);
  return samples.subarray(Math.max(start, 0), end);
}

function isLoud(sample: number): boolean {
  return Math.abs(sample) > SILENCE_PEAK;
}

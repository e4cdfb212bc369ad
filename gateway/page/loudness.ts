/** Quieter than this shows as nothing, in decibels below full scale. */
const FLOOR_DB = -55;
/** As loud as speech gets. */
const CEILING_DB = -12;
const FULL_SCALE = 32768;

/** How loud samples are to the ear's own (logarithmic) measure: 0 is silence, 1 is loud speech. */
export function loudness(samples: Int16Array): number {
  if (samples.length === 0) return 0;
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / samples.length / FULL_SCALE ** 2 + Number.EPSILON);
  return Math.min(1, Math.max(0, (db - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
}

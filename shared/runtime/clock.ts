/** Read once: asking for it is dearer than asking for the time, which every frame does. */
const ORIGIN_MS = performance.timeOrigin;

/**
 * Milliseconds since about the epoch, with fractions, never stepping within a process: for durations, deadlines and stamps.
 * It does not follow the wall clock's corrections, so two processes may disagree; no decision rests on their difference.
 */
export function nowMs(): number {
  return ORIGIN_MS + performance.now();
}

/** Milliseconds since the epoch by the wall clock, whole: for what people read and what is stored. */
export function wallMs(): number {
  return Date.now();
}

/**
 * A moment in milliseconds as a wrapping unsigned 32-bit microsecond stamp, as envelopes carry it.
 * Wraps every 71.6 minutes; differences are taken with `elapsedMs`.
 */
export function stampUs(momentMs: number): number {
  return Math.floor((momentMs * 1000) % 0x1_0000_0000);
}

/** Milliseconds from one stamp to a later one; a difference over half the wrap counts as negative (clocks of two hosts). */
export function elapsedMs(fromUs: number, toUs: number): number {
  return ((toUs - fromUs) | 0) / 1000;
}

/** CPU time that this process has used, all its threads together, in milliseconds. */
export function usedCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The shortest pause before a server that refused is dialled again, and the longest; both are jittered by half of themselves. */
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;
/** The pause is this part of the time the bus has been away. */
const PAUSE_SHARE = 0.25;

/**
 * How long to leave a server alone after dialling it. A server that was not dialled lately is dialled at once, so the first
 * attempt at each node of a cluster follows the loss of a connection immediately; where none takes it, pauses grow with the
 * time the bus is away, up to `LONGEST_PAUSE_MS`, and are jittered by half of themselves, so that a fleet does not return as a
 * herd. `random` is from 0 to 1.
 */
export function pauseMs(awayMs: number, random: number): number {
  return middlePauseMs(awayMs) * (0.5 + random);
}

/** The longest that another process, away for as long, may come back after us. */
export function longestPauseMs(awayMs: number): number {
  return pauseMs(awayMs, 1);
}

function middlePauseMs(awayMs: number): number {
  return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, awayMs * PAUSE_SHARE));
}

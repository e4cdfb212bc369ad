/**
 * Reckons how much of an agent turn the caller has heard, for wires that do not tell: audio plays in real time from the
 * moment it is sent, and pauses while there is none. Where the wire tells, its word counts. Time is an argument.
 */
export class PlayoutClock {
  readonly #fromMs: number;
  #sentMs: number;
  #startedAtMs: number | undefined;
  #toldMs: number | undefined;

  /** A turn of which everything before `fromMs` was played already. */
  constructor(fromMs = 0) {
    this.#fromMs = fromMs;
    this.#sentMs = fromMs;
  }

  /** Milliseconds of audio sent so far, what came before `fromMs` included. */
  get sentMs(): number {
    return this.#sentMs;
  }

  /** More audio went out; answers for how long there was none to be played before it. */
  sent(durationMs: number, nowMs: number): number {
    const behindMs = this.#startedAtMs === undefined ? undefined : nowMs - this.#startedAtMs - this.#sentMs;
    if (this.#startedAtMs === undefined) this.#startedAtMs = nowMs - this.#sentMs;
    else if (behindMs !== undefined && behindMs > 0) this.#startedAtMs += behindMs;
    this.#sentMs += durationMs;
    return Math.max(0, behindMs ?? 0);
  }

  /** The caller's device says it played up to here. */
  told(playedMs: number): void {
    this.#toldMs = Math.max(this.#toldMs ?? 0, Math.min(playedMs, this.#sentMs));
  }

  /** The caller was away and has nothing after `mediaMs` yet: what follows is only played from now on. */
  delivered(mediaMs: number, nowMs: number): void {
    if (this.#startedAtMs !== undefined) this.#startedAtMs = nowMs - Math.min(this.#reckonedMs(nowMs), Math.max(mediaMs, this.#fromMs));
  }

  /** Milliseconds of the turn heard by now. */
  heardMs(nowMs: number): number {
    return this.#toldMs ?? this.#reckonedMs(nowMs);
  }

  /** Milliseconds until all that was sent is played, by reckoning. */
  remainingMs(nowMs: number): number {
    return this.#sentMs - this.#reckonedMs(nowMs);
  }

  #reckonedMs(nowMs: number): number {
    if (this.#startedAtMs === undefined) return this.#fromMs;
    return Math.min(this.#sentMs, Math.max(0, nowMs - this.#startedAtMs));
  }
}

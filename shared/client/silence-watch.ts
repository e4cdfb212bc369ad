/** When a connection that says nothing is asked, and when it is given up. */
export interface SilenceLimits {
  /** Nothing received for so long: ask for a sign of life. */
  readonly pingAfterMs: number;
  /** Nothing received for so long, the question included: the connection is dead, whatever the socket believes. */
  readonly deadAfterMs: number;
}

export type SilenceVerdict = { readonly action: 'wait' | 'ping'; readonly checkInMs: number } | { readonly action: 'dead' };

/**
 * Tells a silent cut, of which no socket knows, from a quiet call. A connection is given up only after it was asked and had its
 * time to answer: a page whose timers were held back, or a machine that slept, asks first. Pure.
 */
export class SilenceWatch {
  readonly #limits: SilenceLimits;
  #heardMs: number;
  #askedMs: number | undefined;

  constructor(limits: SilenceLimits, nowMs: number) {
    this.#limits = limits;
    this.#heardMs = nowMs;
  }

  /** Something came. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#askedMs = undefined;
  }

  /** What to do now, and when to look again. With `isDoubted` the question is asked whenever the last sign of life came. */
  check(nowMs: number, isDoubted = false): SilenceVerdict {
    const { pingAfterMs, deadAfterMs } = this.#limits;
    const answerWithinMs = Math.max(0, deadAfterMs - pingAfterMs);
    if (this.#askedMs !== undefined) {
      const leftMs = this.#askedMs + answerWithinMs - nowMs;
      return leftMs <= 0 ? { action: 'dead' } : { action: 'wait', checkInMs: leftMs };
    }
    const leftMs = this.#heardMs + pingAfterMs - nowMs;
    if (leftMs > 0 && !isDoubted) return { action: 'wait', checkInMs: leftMs };
    this.#askedMs = nowMs;
    // Looked at again as soon as an answer that comes at once is old, so that the next silence is noticed in time.
    return { action: 'ping', checkInMs: Math.min(answerWithinMs, pingAfterMs) };
  }
}

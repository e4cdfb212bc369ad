/** Looked at over spans of at least so long. */
const SPAN_MS = 20;
/** From so many envelopes a millisecond on, which is all that a core can do: below, a millisecond is worth more than the writes. */
const BUSY_PER_MS = 32;
/** How long a busy batch waits for more: the least that a timer of Node can. */
const GATHER_MS = 1;

/**
 * How long a batch waits for more, by load: not at all while there is CPU to spare, a millisecond once there is so much to send that
 * writing it a few envelopes at a time becomes what the process does most. Time is an argument, in milliseconds of one clock.
 */
export class BatchPace {
  #fromMs: number;
  #count = 0;
  #waitMs = 0;

  constructor(nowMs: number) {
    this.#fromMs = nowMs;
  }

  /** What the next batch waits, in milliseconds; 0: it leaves with its turn of the event loop. */
  get waitMs(): number {
    return this.#waitMs;
  }

  /** A batch of so many envelopes left. */
  left(count: number, nowMs: number): void {
    this.#count += count;
    const spanMs = nowMs - this.#fromMs;
    if (spanMs < SPAN_MS) return;
    this.#waitMs = this.#count / spanMs >= BUSY_PER_MS ? GATHER_MS : 0;
    this.#count = 0;
    this.#fromMs = nowMs;
  }
}

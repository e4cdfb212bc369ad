/** A slice takes at least so long, and at most, where all else takes longer: so long the urgent may wait for what was begun before it came. */
const LEAST_MS = 0.5;
const MOST_MS = 3;

/**
 * Work that is done in slices with a whole turn of the event loop between two, in which more comes in and what came of the last one
 * goes out: that leaves by an immediate of its own, before which the next slice would come if it were asked for at once. A slice takes
 * as long as everything else did since the one before, so that work has half of the thread where there is more of both than it can do.
 */
export class Slices {
  readonly #slice: (forMs: number) => boolean;
  readonly #nowMs: () => number;
  #isUnderWay = false;
  #endedMs = 0;

  /** `slice` works for about so many milliseconds and answers whether nothing is left; `nowMs` is a clock in milliseconds. */
  constructor(slice: (forMs: number) => boolean, nowMs: () => number) {
    this.#slice = slice;
    this.#nowMs = nowMs;
  }

  /** There is something to do: it begins with the event loop's next turn, where it is not under way. */
  begin(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    this.#endedMs = this.#nowMs();
    setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    const elsewhereMs = this.#nowMs() - this.#endedMs;
    this.#isUnderWay = !this.#slice(Math.min(MOST_MS, Math.max(LEAST_MS, elsewhereMs)));
    if (!this.#isUnderWay) return;
    this.#endedMs = this.#nowMs();
    setImmediate(this.#onTurnBetween);
  };

  readonly #onTurnBetween = (): void => {
    setImmediate(this.#onTurn);
  };
}

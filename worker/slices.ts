/** A slice takes at least so long, and at most, where all else takes longer: so long the urgent may wait for what was begun before it came. */
const LEAST_MS = 0.5;
const MOST_MS = 10;
/** What all else takes is the mean of about so many turns: one pause of the collector does not make a long slice after it. */
const TURNS = 16;

/**
 * Work that is done in slices with a whole turn of the event loop between two, in which more comes in and what came of the last one
 * goes out: that leaves by an immediate of its own, before which the next slice would come if it were asked for at once. A slice takes
 * as long as everything else does between two of them, so that work has half of the thread where there is more of both than it can do.
 * That is counted in CPU time: where the machine has none to give, slices do not grow by the waiting.
 */
export class Slices {
  readonly #slice: (forMs: number) => boolean;
  readonly #usedMs: () => number;
  #isUnderWay = false;
  /** When the last slice ended that left something. To look costs microseconds: where all is done within a slice nobody has to know. */
  #leftMs: number | undefined;
  #elsewhereMs = 0;

  /** `slice` works for about so many milliseconds and answers whether nothing is left; `usedMs` is how much CPU time was used so far. */
  constructor(slice: (forMs: number) => boolean, usedMs: () => number) {
    this.#slice = slice;
    this.#usedMs = usedMs;
  }

  /** There is something to do: it begins with the event loop's next turn, where it is not under way. */
  begin(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    if (this.#leftMs !== undefined) this.#elsewhereMs += (this.#usedMs() - this.#leftMs - this.#elsewhereMs) / TURNS;
    this.#isUnderWay = !this.#slice(Math.min(MOST_MS, Math.max(LEAST_MS, this.#elsewhereMs)));
    this.#leftMs = this.#isUnderWay ? this.#usedMs() : undefined;
    if (this.#isUnderWay) setImmediate(this.#onTurnBetween);
  };

  readonly #onTurnBetween = (): void => {
    setImmediate(this.#onTurn);
  };
}

/**
 * Work that is done in slices with a whole turn of the event loop between two, in which more comes in and what came of the last one
 * goes out: that leaves by an immediate of its own, before which the next slice would come if it were asked for at once.
 */
export class Slices {
  readonly #slice: () => boolean;
  #isUnderWay = false;

  /** `slice` does some of the work and answers whether nothing is left. */
  constructor(slice: () => boolean) {
    this.#slice = slice;
  }

  /** There is something to do: it begins with the event loop's next turn, where it is not under way. */
  begin(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isUnderWay = !this.#slice();
    if (this.#isUnderWay) setImmediate(this.#onTurnBetween);
  };

  readonly #onTurnBetween = (): void => {
    setImmediate(this.#onTurn);
  };
}

/**
 * Items that take turns: each waits as often as it was pushed, and is served once before its next turn, so that one with
 * much to do holds up nobody. Pure.
 */
export class TurnWheel<T> {
  readonly #turns = new Map<T, number>();
  #size = 0;

  /** Turns waiting, over all items. */
  get size(): number {
    return this.#size;
  }

  /** One more turn for an item. */
  push(item: T): void {
    this.#turns.set(item, (this.#turns.get(item) ?? 0) + 1);
    this.#size += 1;
  }

  /** The first item in the row that is ready, which goes to its end; undefined where none is. */
  shift(isReady: (item: T) => boolean): T | undefined {
    for (const [item, turns] of this.#turns) {
      if (!isReady(item)) continue;
      this.#turns.delete(item);
      if (turns > 1) this.#turns.set(item, turns - 1);
      this.#size -= 1;
      return item;
    }
    return undefined;
  }
}

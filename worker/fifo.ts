const FEWEST_PLACES = 16;
/** Places of more, which a burst needed, are let go when they are empty. */
const MOST_EMPTY_PLACES = 1024;

/** First in, first out, in places that are used again: nothing is moved or allocated for an item. */
export class Fifo<T> {
  /** A power of two in number. */
  #places: (T | undefined)[] = new Array<T | undefined>(FEWEST_PLACES).fill(undefined);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The oldest item, which `shift` takes out. */
  get first(): T | undefined {
    return this.#places[this.#head];
  }

  push(item: T): void {
    if (this.#size === this.#places.length) this.#resize(2 * this.#size);
    this.#places[(this.#head + this.#size) & (this.#places.length - 1)] = item;
    this.#size += 1;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#places[this.#head];
    this.#places[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#places.length - 1);
    this.#size -= 1;
    if (this.#size === 0 && this.#places.length > MOST_EMPTY_PLACES) this.#resize(FEWEST_PLACES);
    return item;
  }

  #resize(places: number): void {
    const held = this.#places;
    this.#places = new Array<T | undefined>(places).fill(undefined);
    for (let at = 0; at < this.#size; at += 1) this.#places[at] = held[(this.#head + at) & (held.length - 1)];
    this.#head = 0;
  }
}

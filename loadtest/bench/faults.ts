const MOST_KEPT = 5;

/** What went wrong, the first of it in words, all of it counted. */
export class Faults {
  readonly #first: string[] = [];
  #count = 0;

  note(words: string): void {
    this.#count += 1;
    if (this.#first.length < MOST_KEPT) this.#first.push(words);
  }

  /** At most a handful; the last one says how many more there were. */
  get list(): readonly string[] {
    return this.#count > this.#first.length ? [...this.#first, `and ${this.#count - this.#first.length} more`] : this.#first;
  }
}

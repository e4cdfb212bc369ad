/** What a range brought: samples that are new, that were there before, and new ones that come after later ones. */
export interface Covered {
  readonly fresh: number;
  readonly repeated: number;
  readonly late: number;
}

/** Which samples of one stretch have come so far, as a list of ranges apart from each other, in order. */
export class Coverage {
  #ranges: { readonly from: number; readonly to: number }[] = [];

  /** Where the last sample that came ends. */
  get end(): number {
    return this.#ranges.at(-1)?.to ?? 0;
  }

  /** Takes samples `from` to `to` (exclusive). */
  add(from: number, to: number): Covered {
    const end = this.end;
    const repeated = this.#within(from, to);
    const fresh = Math.max(0, to - from) - repeated;
    const afterEnd = Math.max(0, to - Math.max(from, end));
    this.#merge(from, to);
    return { fresh, repeated, late: fresh - afterEnd };
  }

  /** How many of the first `length` samples have not come. */
  missing(length: number): number {
    return length - this.#within(0, length);
  }

  #within(from: number, to: number): number {
    return this.#ranges.reduce((sum, range) => sum + Math.max(0, Math.min(to, range.to) - Math.max(from, range.from)), 0);
  }

  #merge(from: number, to: number): void {
    if (to <= from) return;
    const touching = this.#ranges.filter((range) => range.to >= from && range.from <= to);
    const apart = this.#ranges.filter((range) => range.to < from || range.from > to);
    const merged = { from: Math.min(from, ...touching.map((range) => range.from)), to: Math.max(to, ...touching.map((range) => range.to)) };
    this.#ranges = [...apart, merged].sort((one, other) => one.from - other.from);
  }
}

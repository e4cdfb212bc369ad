/** The newest samples of a stream, addressed by their number since the stream began; older ones are forgotten. */
export class SampleRing {
  readonly #samples: Int16Array;
  #end = 0;

  constructor(capacity: number) {
    this.#samples = new Int16Array(capacity);
  }

  /** The number of the sample that comes next. */
  get end(): number {
    return this.#end;
  }

  push(samples: Int16Array): void {
    const capacity = this.#samples.length;
    const kept = samples.length > capacity ? samples.subarray(samples.length - capacity) : samples;
    this.#end += samples.length;
    const start = (this.#end - kept.length) % capacity;
    const untilWrap = Math.min(kept.length, capacity - start);
    if (untilWrap === kept.length) return this.#samples.set(kept, start);
    this.#samples.set(kept.subarray(0, untilWrap), start);
    this.#samples.set(kept.subarray(untilWrap), 0);
  }

  /** A copy of what is held from sample number `from` on, before `to`. */
  since(from: number, to = this.#end): Int16Array {
    const capacity = this.#samples.length;
    const first = Math.max(from, this.#end - capacity, 0);
    const copy = new Int16Array(Math.max(0, Math.min(to, this.#end) - first));
    const start = first % capacity;
    const untilWrap = Math.min(copy.length, capacity - start);
    copy.set(this.#samples.subarray(start, start + untilWrap), 0);
    copy.set(this.#samples.subarray(0, copy.length - untilWrap), untilWrap);
    return copy;
  }
}

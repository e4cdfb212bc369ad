import type { FrameStamps } from './latency.ts';

/** One ingress frame: which samples it brought, and when. */
export interface FrameMark {
  readonly seq: number;
  /** Number of the sample after its last one. */
  readonly endSample: number;
  readonly stamps: FrameStamps;
}

/** The newest frames of a stream, to find which one brought a sample. The oldest are forgotten past `capacity`. */
export class FrameMarks {
  readonly #capacity: number;
  readonly #marks: FrameMark[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(mark: FrameMark): void {
    this.#marks.push(mark);
    if (this.#marks.length >= 2 * this.#capacity) this.#marks.splice(0, this.#capacity);
  }

  /** The frame with the last of the samples before `endSample`; the nearest one known where that was forgotten or is to come. */
  bringing(endSample: number): FrameMark | undefined {
    let found = this.#marks.at(-1);
    for (let i = this.#marks.length - 2; i >= 0; i--) {
      const mark = this.#marks[i];
      if (mark === undefined || mark.endSample < endSample) break;
      found = mark;
    }
    return found;
  }

  /** Seq of the newest frame that lies wholly before `sample`; undefined where none is known to. */
  seqBefore(sample: number): number | undefined {
    for (let i = this.#marks.length - 1; i >= 0; i--) {
      const mark = this.#marks[i];
      if (mark !== undefined && mark.endSample <= sample) return mark.seq;
    }
    return undefined;
  }
}

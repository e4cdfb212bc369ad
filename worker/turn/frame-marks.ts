import type { FrameStamps } from './latency.ts';

/** One ingress frame: which samples it brought, and when. */
export interface FrameMark {
  readonly seq: number;
  /** Number of the sample after its last one. */
  readonly endSample: number;
  readonly stamps: FrameStamps;
}

/** Stamps kept of each frame. */
const STAMPS = 4;

/**
 * The newest `capacity` frames of a stream, to find which one brought a sample; older ones are forgotten. Kept in columns of
 * numbers: an object a frame that lives for seconds is what the garbage collector has most to do with.
 */
export class FrameMarks {
  readonly #capacity: number;
  readonly #seqs: Float64Array;
  readonly #endSamples: Float64Array;
  readonly #stamps: Uint32Array;
  /** Frames taken since the stream began. */
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#seqs = new Float64Array(capacity);
    this.#endSamples = new Float64Array(capacity);
    this.#stamps = new Uint32Array(capacity * STAMPS);
  }

  /** The next frame. */
  push(seq: number, endSample: number, { receivedUs, flushedUs, arrivedUs, takenUs }: FrameStamps): void {
    const at = this.#count % this.#capacity;
    this.#count += 1;
    this.#seqs[at] = seq;
    this.#endSamples[at] = endSample;
    const stamps = at * STAMPS;
    this.#stamps[stamps] = receivedUs;
    this.#stamps[stamps + 1] = flushedUs;
    this.#stamps[stamps + 2] = arrivedUs;
    this.#stamps[stamps + 3] = takenUs;
  }

  /** The frame with the last of the samples before `endSample`; the nearest one known where that was forgotten or is to come. */
  bringing(endSample: number): FrameMark | undefined {
    if (this.#count === 0) return undefined;
    let found = this.#count - 1;
    while (found > this.#oldest && this.#endOf(found - 1) >= endSample) found -= 1;
    return this.#markOf(found);
  }

  /** Seq of the newest frame that lies wholly before `sample`; undefined where none is known to. */
  seqBefore(sample: number): number | undefined {
    for (let frame = this.#count - 1; frame >= this.#oldest; frame--) {
      if (this.#endOf(frame) <= sample) return this.#seqs[frame % this.#capacity];
    }
    return undefined;
  }

  get #oldest(): number {
    return Math.max(0, this.#count - this.#capacity);
  }

  #endOf(frame: number): number {
    return this.#endSamples[frame % this.#capacity] ?? 0;
  }

  #markOf(frame: number): FrameMark {
    const at = frame % this.#capacity;
    const [receivedUs = 0, flushedUs = 0, arrivedUs = 0, takenUs = 0] = this.#stamps.subarray(at * STAMPS, (at + 1) * STAMPS);
    return { seq: this.#seqs[at] ?? 0, endSample: this.#endOf(frame), stamps: { receivedUs, flushedUs, arrivedUs, takenUs } };
  }
}

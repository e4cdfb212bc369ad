import { INTERNAL_RATE_HZ } from '../ports.ts';

/** What is kept of one turn; the rest of a longer one is cut off. */
export const MAX_TURN_MS = 60_000;
const MAX_SAMPLES = (MAX_TURN_MS / 1000) * INTERNAL_RATE_HZ;
const INITIAL_SAMPLES = 2 * INTERNAL_RATE_HZ;
/** Silence before and after: decoders want to hear where words begin and end. Zeros did better than faint noise. */
const PADDING_SAMPLES = 0.25 * INTERNAL_RATE_HZ;

/** The samples of one turn, up to MAX_TURN_MS of them. */
export class TurnAudio {
  #samples = new Int16Array(INITIAL_SAMPLES);
  #length = 0;

  get lengthMs(): number {
    return (this.#length * 1000) / INTERNAL_RATE_HZ;
  }

  /** Copies samples; false when not all of them fit. */
  push(samples: Int16Array): boolean {
    const fitting = samples.subarray(0, MAX_SAMPLES - this.#length);
    this.#grow(this.#length + fitting.length);
    this.#samples.set(fitting, this.#length);
    this.#length += fitting.length;
    return fitting.length === samples.length;
  }

  /** A copy with a quarter of a second of silence around, in a buffer of its own. */
  padded(): Int16Array<ArrayBuffer> {
    const copy = new Int16Array(this.#length + 2 * PADDING_SAMPLES);
    copy.set(this.#samples.subarray(0, this.#length), PADDING_SAMPLES);
    return copy;
  }

  clear(): void {
    this.#samples = new Int16Array(0);
    this.#length = 0;
  }

  #grow(needed: number): void {
    if (needed <= this.#samples.length) return;
    const larger = new Int16Array(Math.min(MAX_SAMPLES, Math.max(needed, 2 * this.#samples.length)));
    larger.set(this.#samples.subarray(0, this.#length));
    this.#samples = larger;
  }
}

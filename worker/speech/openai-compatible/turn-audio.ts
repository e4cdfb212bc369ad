import { INTERNAL_RATE_HZ } from '../ports.ts';

/** The longest turn that is kept: 5 minutes, well below the 25 MB that vendors take. */
export const MAX_TURN_SAMPLES = 5 * 60 * INTERNAL_RATE_HZ;

/** The audio of one turn, growing: at most MAX_TURN_SAMPLES, what comes later is left out. */
export class TurnAudio {
  #samples = new Int16Array(4 * INTERNAL_RATE_HZ);
  #length = 0;

  push(samples: Int16Array): void {
    const taken = samples.subarray(0, MAX_TURN_SAMPLES - this.#length);
    this.#reserve(this.#length + taken.length);
    this.#samples.set(taken, this.#length);
    this.#length += taken.length;
  }

  /** Everything so far; a view that stays as it is only until the next push. */
  get samples(): Int16Array {
    return this.#samples.subarray(0, this.#length);
  }

  #reserve(needed: number): void {
    if (needed <= this.#samples.length) return;
    const larger = new Int16Array(Math.max(needed, this.#samples.length * 2));
    larger.set(this.samples);
    this.#samples = larger;
  }
}

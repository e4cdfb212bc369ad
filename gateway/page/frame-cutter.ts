import { StreamResampler } from './stream-resampler.ts';

const FULL_SCALE = 32768;

/** Turns a microphone's stream of floats at any rate into frames of whole length, 16-bit, at the wire's rate. */
export class FrameCutter {
  readonly #resampler: StreamResampler | undefined;
  readonly #frameSamples: number;
  #frame: Int16Array<ArrayBuffer>;
  #filled = 0;

  constructor(fromHz: number, toHz: number, frameSamples: number) {
    this.#resampler = fromHz === toHz ? undefined : new StreamResampler(fromHz, toHz);
    this.#frameSamples = frameSamples;
    this.#frame = new Int16Array(frameSamples);
  }

  /** Takes the next samples between -1 and 1; hands over each frame that is full, to keep. */
  push(samples: Float32Array, onFrame: (frame: Int16Array<ArrayBuffer>) => void): void {
    for (const sample of this.#resampler?.process(samples) ?? samples) {
      this.#frame[this.#filled] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(sample * FULL_SCALE)));
      this.#filled += 1;
      if (this.#filled < this.#frameSamples) continue;
      onFrame(this.#frame);
      this.#frame = new Int16Array(this.#frameSamples);
      this.#filled = 0;
    }
  }
}

/** Samples of one analysis window: 32 ms at 16 kHz, as Silero's. */
export const WINDOW_SAMPLES = 512;

/** Root mean square from which a window counts as speech: -36 dBFS, above room noise and below any talk. */
export const SPEECH_RMS = 500;

/** Cuts a stream of samples, pushed in any counts, into windows and says of each whether it is loud. */
export class LoudnessMeter {
  #squares = 0;
  #filled = 0;
  #total = 0;

  /** Samples taken so far. */
  get total(): number {
    return this.#total;
  }

  /** Takes samples; `onWindow` hears, in order, of every window they complete, with the sample number it ends at. */
  push(samples: Int16Array, onWindow: (loud: boolean, endSample: number) => void): void {
    for (const sample of samples) {
      this.#squares += sample * sample;
      this.#filled += 1;
      this.#total += 1;
      if (this.#filled < WINDOW_SAMPLES) continue;
      onWindow(this.#squares >= SPEECH_RMS * SPEECH_RMS * WINDOW_SAMPLES, this.#total);
      this.#squares = 0;
      this.#filled = 0;
    }
  }
}

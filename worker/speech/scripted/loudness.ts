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
    for (let at = 0; at < samples.length; ) {
      const end = Math.min(samples.length, at + WINDOW_SAMPLES - this.#filled);
      this.#squares += squaresOf(samples, at, end);
      this.#filled += end - at;
      this.#total += end - at;
      at = end;
      if (this.#filled < WINDOW_SAMPLES) return;
      onWindow(this.#squares >= SPEECH_RMS * SPEECH_RMS * WINDOW_SAMPLES, this.#total);
      this.#squares = 0;
      this.#filled = 0;
    }
  }
}

/** One tight loop over numbers: thousands of callers are judged by it in load runs, in which engines are to take no time. */
function squaresOf(samples: Int16Array, from: number, to: number): number {
  let squares = 0;
  for (let at = from; at < to; at += 1) {
    const sample = samples[at] ?? 0;
    squares += sample * sample;
  }
  return squares;
}

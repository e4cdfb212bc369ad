/** Zero crossings of the sinc on each side: about 80 dB between what passes and what is stopped. */
const CROSSINGS = 24;
const KAISER_BETA = 8;
/** Part of the lower rate's band that passes; the rest is the filter's slope. */
const PASSBAND = 0.9;

/**
 * Changes the sample rate of one stream with a windowed sinc, in pieces of any size: the pieces give the very samples the
 * whole would. For browsers that do not let an audio context run at the wire's rate.
 */
export class StreamResampler {
  readonly #up: number;
  readonly #down: number;
  readonly #halfTaps: number;
  /** One row of taps for each of the `up` places an output sample can have between two input samples. */
  readonly #phases: readonly Float32Array[];
  #history: Float32Array;
  /** Place of the next output sample, in steps of 1 / up input samples, counted from the history's first sample. */
  #place: number;

  /** Rates are whole hertz. */
  constructor(fromHz: number, toHz: number) {
    const divisor = greatestCommonDivisor(fromHz, toHz);
    this.#up = toHz / divisor;
    this.#down = fromHz / divisor;
    const scale = Math.min(1, toHz / fromHz) * PASSBAND;
    this.#halfTaps = Math.ceil(CROSSINGS / scale);
    this.#phases = Array.from({ length: this.#up }, (_, phase) => taps(phase / this.#up, this.#halfTaps, scale));
    this.#history = new Float32Array(this.#halfTaps);
    this.#place = this.#halfTaps * this.#up;
  }

  /** The output samples that are due after these input samples. */
  process(input: Float32Array): Float32Array {
    const samples = new Float32Array(this.#history.length + input.length);
    samples.set(this.#history);
    samples.set(input, this.#history.length);
    const output = new Float32Array(Math.max(0, Math.ceil(((samples.length - this.#halfTaps) * this.#up - this.#place) / this.#down)));
    for (let at = 0; at < output.length; at += 1) {
      output[at] = this.#sampleAt(samples);
      this.#place += this.#down;
    }
    const passed = Math.max(0, Math.floor(this.#place / this.#up) - this.#halfTaps);
    this.#history = samples.slice(passed);
    this.#place -= passed * this.#up;
    return output;
  }

  #sampleAt(samples: Float32Array): number {
    const before = Math.floor(this.#place / this.#up);
    const row = this.#phases[this.#place % this.#up];
    if (row === undefined) return 0;
    const from = before - this.#halfTaps + 1;
    let sum = 0;
    for (let tap = 0; tap < row.length; tap += 1) sum += (row[tap] ?? 0) * (samples[from + tap] ?? 0);
    return sum;
  }
}

/** Taps for an output sample that stands `fraction` behind an input sample; they add up to 1. */
function taps(fraction: number, halfTaps: number, scale: number): Float32Array {
  const row = Float32Array.from({ length: 2 * halfTaps }, (_, tap) => {
    const distance = tap - halfTaps + 1 - fraction;
    return sinc(distance * scale) * kaiser(distance / halfTaps);
  });
  const sum = row.reduce((total, tap) => total + tap, 0);
  return row.map((tap) => tap / sum);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) > 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel(KAISER_BETA);
}

/** Modified Bessel function of the first kind, order 0, by its series. */
function bessel(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * Number.EPSILON; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

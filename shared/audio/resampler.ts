import loadSpeex, { type SpeexModule } from '@echogarden/speex-resampler-wasm/simd';

/** SpeexDSP's 0–10; 5 is its "desktop" setting: 10–25 µs per 20 ms, 2.5 ms of look-ahead at 16 kHz ⇄ 48 kHz, 5 ms at 8 kHz. */
const QUALITY = 5;
/** Samples that pass through the module's memory at a time, in and out; longer audio goes in pieces. */
const PIECE_SAMPLES = 8192;

/** Makes resamplers without waiting. */
export type ResamplerFactory = (fromHz: number, toHz: number) => Resampler;

/** The module and its working memory, shared by every resampler of the process: `process` is synchronous. */
interface Speex {
  readonly module: SpeexModule;
  readonly input: number;
  readonly inputLength: number;
  readonly output: number;
  readonly outputLength: number;
}

let speex: Promise<Speex> | undefined;

/** Loads the resampler's code once per process; what it resolves to makes resamplers synchronously. */
export async function loadResampler(): Promise<ResamplerFactory> {
  speex ??= loadSpeex().then(workingMemory);
  const loaded = await speex.catch((error: unknown) => {
    speex = undefined;
    throw error;
  });
  return (fromHz, toHz) => new Resampler(loaded, fromHz, toHz);
}

/** A whole recording at another rate; the same samples where the rates are equal. */
export async function resample(samples: Int16Array, fromHz: number, toHz: number): Promise<Int16Array> {
  if (fromHz === toHz) return samples;
  const resampler = await Resampler.create(fromHz, toHz);
  try {
    const head = resampler.process(samples);
    const tail = resampler.flush();
    const whole = new Int16Array(head.length + tail.length);
    whole.set(head);
    whole.set(tail, head.length);
    return whole;
  } finally {
    resampler.free();
  }
}

/**
 * Changes the sample rate of one mono stream. Output sample k stands where input sample k × fromHz / toHz stood (no shift),
 * but comes only once the filter has seen its look-ahead (`lookAheadSamples` more input samples). Chunks of any size
 * give the very samples that the whole would. Its memory is not collected: call `free`.
 */
export class Resampler {
  /** Input samples that the output lags behind. */
  readonly lookAheadSamples: number;
  readonly #speex: Speex;
  readonly #fromHz: number;
  readonly #toHz: number;
  #state: number;
  #taken = 0;
  #given = 0;

  /** Use `Resampler.create` or `loadResampler`. Throws RangeError where a rate is no positive integer. */
  constructor(speex: Speex, fromHz: number, toHz: number) {
    if (![fromHz, toHz].every((rate) => Number.isSafeInteger(rate) && rate > 0)) {
      throw new RangeError(`sample rates are positive integers, got ${fromHz} Hz and ${toHz} Hz`);
    }
    this.#speex = speex;
    this.#fromHz = fromHz;
    this.#toHz = toHz;
    this.#state = speex.module._speex_resampler_init(1, fromHz, toHz, QUALITY, 0);
    if (this.#state === 0) throw new Error('the resampler has no memory left for another stream');
    speex.module._speex_resampler_skip_zeros(this.#state);
    this.lookAheadSamples = speex.module._speex_resampler_get_input_latency(this.#state);
  }

  /** A resampler for one stream. */
  static async create(fromHz: number, toHz: number): Promise<Resampler> {
    const make = await loadResampler();
    return make(fromHz, toHz);
  }

  /** The output due after these input samples, in fresh memory; may be empty. Throws after `free`. */
  process(samples: Int16Array): Int16Array {
    this.#taken += samples.length;
    const output = this.#run(samples);
    this.#given += output.length;
    return output;
  }

  /** What the look-ahead still holds; in all, round(input × toHz / fromHz) samples came out. The stream begins anew. */
  flush(): Int16Array {
    const missing = Math.max(0, Math.round((this.#taken * this.#toHz) / this.#fromHz) - this.#given);
    const silence = new Int16Array(this.lookAheadSamples + Math.ceil(this.#fromHz / this.#toHz) + 1);
    const tail = this.#run(silence).subarray(0, missing);
    const { module } = this.#speex;
    module._speex_resampler_reset_mem(this.#state);
    module._speex_resampler_skip_zeros(this.#state);
    this.#taken = 0;
    this.#given = 0;
    return tail;
  }

  /** Gives the memory back; more than once is harmless. */
  free(): void {
    if (this.#state !== 0) this.#speex.module._speex_resampler_destroy(this.#state);
    this.#state = 0;
  }

  #run(samples: Int16Array): Int16Array {
    if (this.#state === 0) throw new Error('the resampler was freed');
    const output = new Int16Array(Math.ceil((samples.length * this.#toHz) / this.#fromHz) + 1);
    let taken = 0;
    let given = 0;
    while (taken < samples.length) {
      const piece = samples.subarray(taken, taken + PIECE_SAMPLES);
      const made = runPiece(this.#speex, this.#state, piece);
      output.set(made.output, given);
      taken += made.taken;
      given += made.output.length;
    }
    return output.subarray(0, given);
  }
}

/** One pass through the module's memory; its output is valid until the next. */
function runPiece(speex: Speex, state: number, piece: Int16Array): { taken: number; output: Int16Array } {
  const { module, input, inputLength, output, outputLength } = speex;
  module.HEAP16.set(piece, input >> 1);
  module.HEAP32[inputLength >> 2] = piece.length;
  module.HEAP32[outputLength >> 2] = PIECE_SAMPLES;
  const status = module._speex_resampler_process_int(state, 0, input, inputLength, output, outputLength);
  const taken = module.HEAP32[inputLength >> 2] ?? 0;
  const given = module.HEAP32[outputLength >> 2] ?? 0;
  if (status !== 0 || taken + given === 0) throw new Error(`the resampler failed with status ${status}`);
  return { taken, output: module.HEAP16.subarray(output >> 1, (output >> 1) + given) };
}

function workingMemory(module: SpeexModule): Speex {
  const bytes = PIECE_SAMPLES * Int16Array.BYTES_PER_ELEMENT;
  return {
    module,
    input: module._malloc(bytes),
    output: module._malloc(bytes),
    inputLength: module._malloc(Int32Array.BYTES_PER_ELEMENT),
    outputLength: module._malloc(Int32Array.BYTES_PER_ELEMENT),
  };
}

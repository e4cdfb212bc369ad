import { encodeAudio } from '../../shared/audio/codec.ts';
import { loadResampler, type Resampler, type ResamplerFactory } from '../../shared/audio/resampler.ts';
import type { AudioFormat } from '../../shared/protocol/audio-format.ts';
import type { SpeechChunk } from '../speech/ports.ts';

const NOTHING = new Uint8Array(0);

/** Where the chunks' rate is not the wire's, what changes it. */
interface Conversion {
  readonly fromHz: number;
  readonly resampler: Resampler | undefined;
}

/** Frames for which memory is made at once: a piece of memory for each costs more than all the rest that is done with it. */
const FRAMES_PER_SLAB = 8;

/**
 * One agent turn's speech, from what a synthesizer makes to frames of the wire: each exactly `frameMs` long, nothing lost
 * or doubled between chunks. Call `free` at its end.
 */
export class EgressAudio {
  readonly #format: AudioFormat;
  readonly #make: ResamplerFactory;
  readonly #frameSamples: number;
  /** Where samples go, again and again: what was given away is the taker's until the next call only. */
  #slab: Int16Array;
  /** The slab is given away up to here. */
  #given = 0;
  /** The slab is filled up to here: less than a frame beyond what is given away. */
  #filled = 0;
  #conversion: Conversion | 'freed' | undefined;

  /** Use `EgressAudio.create`. */
  constructor(format: AudioFormat, frameMs: number, make: ResamplerFactory) {
    const frameSamples = (format.sampleRateHz * frameMs) / 1000;
    if (!Number.isSafeInteger(frameSamples) || frameSamples <= 0) {
      throw new RangeError(`a frame holds a whole number of samples, ${frameMs} ms at ${format.sampleRateHz} Hz does not`);
    }
    this.#format = format;
    this.#make = make;
    this.#frameSamples = frameSamples;
    this.#slab = new Int16Array(frameSamples);
  }

  /** A converter for one agent turn. Throws RangeError where `frameMs` is no whole number of samples. */
  static async create(format: AudioFormat, frameMs: number): Promise<EgressAudio> {
    return new EgressAudio(format, frameMs, await loadResampler());
  }

  /** The frames that these samples complete, one after the other, good until the next call; what is left over waits for the next chunk. None after `free`. */
  process(chunk: SpeechChunk): Uint8Array {
    if (this.#conversion === 'freed') return NOTHING;
    if (this.#conversion?.fromHz !== chunk.sampleRateHz) this.#conversion = this.#convertFrom(chunk.sampleRateHz);
    this.#append(this.#conversion.resampler?.process(chunk.samples) ?? chunk.samples);
    return this.#takeWhole();
  }

  /** The last frames, good until the next call, the very last one padded with silence; the next chunk begins anew. None after `free`. */
  finish(): Uint8Array {
    if (this.#conversion === 'freed') return NOTHING;
    this.#endConversion();
    const open = (this.#filled - this.#given) % this.#frameSamples;
    if (open > 0) this.#append(new Int16Array(this.#frameSamples - open));
    return this.#takeWhole();
  }

  /** Gives the resampler's memory back: at the turn's end or in its middle. */
  free(): void {
    this.#endConversion();
    this.#conversion = 'freed';
  }

  /** Changes the rate within a turn: what the old resampler still holds comes first. */
  #convertFrom(fromHz: number): Conversion {
    this.#endConversion();
    const toHz = this.#format.sampleRateHz;
    return { fromHz, resampler: fromHz === toHz ? undefined : this.#make(fromHz, toHz) };
  }

  #endConversion(): void {
    if (this.#conversion === 'freed' || this.#conversion === undefined) return;
    const { resampler } = this.#conversion;
    if (resampler !== undefined) this.#append(resampler.flush());
    resampler?.free();
    this.#conversion = undefined;
  }

  #append(samples: Int16Array): void {
    if (this.#filled + samples.length > this.#slab.length) this.#makeRoom(samples.length);
    this.#slab.set(samples, this.#filled);
    this.#filled += samples.length;
  }

  /** Makes room for so many samples behind those that are not given away yet: at the slab's beginning, or in a larger one. */
  #makeRoom(samples: number): void {
    const open = this.#filled - this.#given;
    if (open + samples <= this.#slab.length) this.#slab.copyWithin(0, this.#given, this.#filled);
    else {
      const frames = Math.max(FRAMES_PER_SLAB, Math.ceil((open + samples) / this.#frameSamples));
      const larger = new Int16Array(frames * this.#frameSamples);
      larger.set(this.#slab.subarray(this.#given, this.#filled));
      this.#slab = larger;
    }
    this.#given = 0;
    this.#filled = open;
  }

  #takeWhole(): Uint8Array {
    const open = (this.#filled - this.#given) % this.#frameSamples;
    const end = this.#filled - open;
    if (end === this.#given) return NOTHING;
    // PCM16 is sent as a view of these samples: they are not written to before the next call.
    const whole = this.#slab.subarray(this.#given, end);
    this.#given = end;
    return encodeAudio(this.#format.encoding, whole);
  }
}

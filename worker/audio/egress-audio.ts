import { encodeAudio } from '../../shared/audio/codec.ts';
import { loadResampler, type Resampler, type ResamplerFactory } from '../../shared/audio/resampler.ts';
import type { AudioFormat } from '../../shared/protocol/audio-format.ts';
import type { SpeechChunk } from '../speech/ports.ts';

/** Where the chunks' rate is not the wire's, what changes it. */
interface Conversion {
  readonly fromHz: number;
  readonly resampler: Resampler | undefined;
}

/**
 * One agent turn's speech, from what a synthesizer makes to frames of the wire: each exactly `frameMs` long, nothing lost
 * or doubled between chunks. Call `free` at its end.
 */
export class EgressAudio {
  readonly #format: AudioFormat;
  readonly #make: ResamplerFactory;
  #frame: Int16Array;
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
    this.#frame = new Int16Array(frameSamples);
  }

  /** A converter for one agent turn. Throws RangeError where `frameMs` is no whole number of samples. */
  static async create(format: AudioFormat, frameMs: number): Promise<EgressAudio> {
    return new EgressAudio(format, frameMs, await loadResampler());
  }

  /** The frames that these samples complete, each in its own memory; what is left over waits for the next chunk. None after `free`. */
  process(chunk: SpeechChunk): Uint8Array[] {
    const frames: Uint8Array[] = [];
    if (this.#conversion === 'freed') return frames;
    if (this.#conversion?.fromHz !== chunk.sampleRateHz) this.#conversion = this.#convertFrom(chunk.sampleRateHz, frames);
    this.#append(this.#conversion.resampler?.process(chunk.samples) ?? chunk.samples, frames);
    return frames;
  }

  /** The last frames, the very last one padded with silence; the next chunk begins anew. None after `free`. */
  finish(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    if (this.#conversion === 'freed') return frames;
    this.#endConversion(frames);
    if (this.#filled > 0) this.#append(new Int16Array(this.#frame.length - this.#filled), frames);
    return frames;
  }

  /** Gives the resampler's memory back: at the turn's end or in its middle. */
  free(): void {
    this.#endConversion([]);
    this.#conversion = 'freed';
  }

  /** Changes the rate within a turn: what the old resampler still holds comes first. */
  #convertFrom(fromHz: number, frames: Uint8Array[]): Conversion {
    this.#endConversion(frames);
    const toHz = this.#format.sampleRateHz;
    return { fromHz, resampler: fromHz === toHz ? undefined : this.#make(fromHz, toHz) };
  }

  #endConversion(frames: Uint8Array[]): void {
    if (this.#conversion === 'freed' || this.#conversion === undefined) return;
    const { resampler } = this.#conversion;
    if (resampler !== undefined) this.#append(resampler.flush(), frames);
    resampler?.free();
    this.#conversion = undefined;
  }

  #append(samples: Int16Array, frames: Uint8Array[]): void {
    for (let at = 0; at < samples.length; ) {
      const part = samples.subarray(at, at + this.#frame.length - this.#filled);
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#frame.length) frames.push(this.#takeFrame());
    }
  }

  #takeFrame(): Uint8Array {
    const frame = this.#frame;
    // PCM16 is sent as a view of these samples: they are the frame's own from here on.
    this.#frame = new Int16Array(frame.length);
    this.#filled = 0;
    return encodeAudio(this.#format.encoding, frame);
  }
}

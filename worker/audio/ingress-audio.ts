import { decodeAudio } from '../../shared/audio/codec.ts';
import { loadResampler, type Resampler } from '../../shared/audio/resampler.ts';
import type { AudioFormat, Encoding } from '../../shared/protocol/audio-format.ts';
import { INTERNAL_RATE_HZ } from '../speech/ports.ts';

/** One caller's audio, from the wire's format to what engines hear: mono samples at INTERNAL_RATE_HZ. Call `free` at its end. */
export class IngressAudio {
  readonly #encoding: Encoding;
  readonly #resampler: Resampler | undefined;

  /** Use `IngressAudio.create`. */
  constructor(encoding: Encoding, resampler: Resampler | undefined) {
    this.#encoding = encoding;
    this.#resampler = resampler;
  }

  /** A converter for one session. */
  static async create(format: AudioFormat): Promise<IngressAudio> {
    if (format.sampleRateHz === INTERNAL_RATE_HZ) return new IngressAudio(format.encoding, undefined);
    const make = await loadResampler();
    return new IngressAudio(format.encoding, make(format.sampleRateHz, INTERNAL_RATE_HZ));
  }

  /**
   * The next bytes as samples, in order and seamless over any cuts between samples; up to 5 ms lag behind where the
   * rate differs. May be a view of `bytes`. Throws VoxError `bad_audio_length` on half a sample and loses nothing else.
   */
  process(bytes: Uint8Array): Int16Array {
    const samples = decodeAudio(this.#encoding, bytes);
    return this.#resampler === undefined ? samples : this.#resampler.process(samples);
  }

  /** Gives the resampler's memory back. */
  free(): void {
    this.#resampler?.free();
  }
}

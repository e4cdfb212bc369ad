import { decodeAudio } from '../../shared/audio/codec.ts';
import { loadResampler, type Resampler } from '../../shared/audio/resampler.ts';
import type { AudioFormat, Encoding } from '../../shared/protocol/audio-format.ts';
import { INTERNAL_RATE_HZ } from '../speech/ports.ts';

/** One caller's audio, from the wire's format to what engines hear: mono samples at INTERNAL_RATE_HZ. Call `free` at its end. */
export class IngressAudio {
  readonly #encoding: Encoding;
  readonly #resampler: Resampler | undefined;
  /** Where frames whose samples do not lie on even addresses are copied to, the next over the last. */
  #aligned = new Uint8Array(0);

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
   * rate differs. Good until the next call, and may be a view of `bytes`. Throws VoxError `bad_audio_length` on half a sample and loses nothing else.
   */
  process(bytes: Uint8Array): Int16Array {
    const samples = decodeAudio(this.#encoding, this.#align(bytes));
    return this.#resampler === undefined ? samples : this.#resampler.process(samples);
  }

  /** Bytes come out of a message at any address: half of all frames would get memory of their own for that. */
  #align(bytes: Uint8Array): Uint8Array {
    if (this.#encoding !== 'pcm16' || bytes.byteOffset % 2 === 0) return bytes;
    if (this.#aligned.length < bytes.length) this.#aligned = new Uint8Array(bytes.length);
    const aligned = this.#aligned.subarray(0, bytes.length);
    aligned.set(bytes);
    return aligned;
  }

  /** Gives the resampler's memory back. */
  free(): void {
    this.#resampler?.free();
  }
}

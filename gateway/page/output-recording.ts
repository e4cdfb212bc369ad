import { writeWav } from '../../shared/audio/wav.ts';
import { WIRE_RATE_HZ } from './capture-format.ts';

const KEPT_SAMPLES = 60 * WIRE_RATE_HZ;

/** The last minute of what the loudspeaker was given, silence included. */
export class OutputRecording {
  readonly #pieces: Int16Array[] = [];
  #samples = 0;

  append(piece: Int16Array): void {
    this.#pieces.push(piece);
    this.#samples += piece.length;
    while (this.#samples - (this.#pieces[0]?.length ?? 0) >= KEPT_SAMPLES) this.#samples -= this.#pieces.shift()?.length ?? 0;
  }

  /** As a WAV file. */
  wav(): Blob {
    const samples = new Int16Array(this.#samples);
    let at = 0;
    for (const piece of this.#pieces) {
      samples.set(piece, at);
      at += piece.length;
    }
    return new Blob([Uint8Array.from(writeWav(samples, WIRE_RATE_HZ))], { type: 'audio/wav' });
  }
}

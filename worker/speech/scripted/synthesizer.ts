import { INTERNAL_RATE_HZ, type SpeechChunk, type SynthesisRequest, type Synthesizer } from '../ports.ts';
import { hashText } from './random.ts';
import { failIf, lapse, type ScriptedCalls, type ScriptedSettings } from './script.ts';

const MS_PER_CHARACTER = 60;
/** No sentence is longer: a text of 1,000 characters. */
const MAX_SAMPLES = 60 * INTERNAL_RATE_HZ;
/** Samples of one chunk: 100 ms. */
const CHUNK_SAMPLES = INTERNAL_RATE_HZ / 10;
const AMPLITUDE = 8000;
const RISE_HZ_PER_S = 40;
/** One cycle of the tone in so many steps, a power of two: a sine for every sample was a tenth of a worker's time in load runs. */
const STEPS = 4096;
const CYCLE = Int16Array.from({ length: STEPS }, (_, step) => Math.round(AMPLITUDE * Math.sin((2 * Math.PI * step) / STEPS)));

/** How many samples the scripted synthesizer makes of a text: 60 ms a character, at most a minute. */
export function scriptedSpeechLength(text: string): number {
  return Math.min(MAX_SAMPLES, (text.length * MS_PER_CHARACTER * INTERNAL_RATE_HZ) / 1000);
}

/**
 * Samples `from` to `to` (exclusive) of the speech for a text, 16 kHz mono: a tone whose first pitch (200–399 Hz) comes
 * from the text and which rises ever on, so that every stretch of it tells which text it is of and where it belongs.
 */
export function scriptedSpeech(text: string, from = 0, to = scriptedSpeechLength(text)): Int16Array {
  const pitchHz = 200 + (hashText(text) % 200);
  const samples = new Int16Array(Math.max(0, to - from));
  for (let i = 0; i < samples.length; i++) {
    const seconds = (from + i) / INTERNAL_RATE_HZ;
    const cycles = seconds * (pitchHz + (RISE_HZ_PER_S / 2) * seconds);
    samples[i] = CYCLE[(cycles * STEPS) & (STEPS - 1)] ?? 0;
  }
  return samples;
}

/** Speaks tones that can be recomputed sample for sample. */
export class ScriptedSynthesizer implements Synthesizer {
  readonly name = 'scripted';
  readonly voices = ['tone'];
  readonly #settings: ScriptedSettings;
  readonly #calls: ScriptedCalls;

  constructor(settings: ScriptedSettings, calls: ScriptedCalls) {
    this.#settings = settings;
    this.#calls = calls;
  }

  async *synthesize({ text }: SynthesisRequest, signal: AbortSignal): AsyncGenerator<SpeechChunk> {
    const call = this.#calls.next();
    const length = scriptedSpeechLength(text);
    if (!(await lapse(this.#settings.firstSpeech, call, signal))) return;
    failIf(call, 'before');
    for (let from = 0; from < length; from += CHUNK_SAMPLES) {
      if (signal.aborted) return;
      yield { samples: scriptedSpeech(text, from, Math.min(length, from + CHUNK_SAMPLES)), sampleRateHz: INTERNAL_RATE_HZ };
      failIf(call, 'after');
    }
  }

  async close(): Promise<void> {
    // Nothing is held: speech lives by its consumers' references alone.
  }
}

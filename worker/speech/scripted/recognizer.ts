import type { FinalTranscript, Recognizer, RecognitionBias, RecognizerListener, RecognizerStream } from '../ports.ts';
import { EngineError, INTERNAL_RATE_HZ } from '../ports.ts';
import { LoudnessMeter, WINDOW_SAMPLES } from './loudness.ts';
import { lapse, type ScriptedCall, type ScriptedCalls, type ScriptedSettings } from './script.ts';

const WINDOW_MS = (WINDOW_SAMPLES / INTERNAL_RATE_HZ) * 1000;
/** Less speech than this is a click. */
const NOTHING_BELOW_MS = 50;
/** Less speech than this is a mumble. */
const UNCLEAR_BELOW_MS = 200;
/** Speech between one partial and the next: 16 windows. */
const PARTIAL_EVERY_MS = 16 * WINDOW_MS;

/** What the scripted recognizer understands of a turn that holds this much speech: its length, to 100 ms. */
export function scriptedTranscript(speechMs: number): FinalTranscript {
  if (speechMs < NOTHING_BELOW_MS) return { outcome: 'nothing' };
  if (speechMs < UNCLEAR_BELOW_MS) return { outcome: 'unclear' };
  return { outcome: 'words', text: `utterance of ${Math.round(speechMs / 100) * 100} ms` };
}

/** Understands how long the caller spoke. One turn is one call. */
export class ScriptedRecognizer implements Recognizer {
  readonly name = 'scripted';
  readonly #settings: ScriptedSettings;
  readonly #calls: ScriptedCalls;

  constructor(settings: ScriptedSettings, calls: ScriptedCalls) {
    this.#settings = settings;
    this.#calls = calls;
  }

  warm(): void {
    // There is nothing to make ready.
  }

  open(_bias: RecognitionBias, listener: RecognizerListener): RecognizerStream {
    return new ScriptedRecognizerStream(this.#settings, this.#calls.next(), listener);
  }

  async close(): Promise<void> {
    // Nothing is held: streams live by their owners' references alone.
  }
}

class ScriptedRecognizerStream implements RecognizerStream {
  readonly #settings: ScriptedSettings;
  readonly #call: ScriptedCall;
  readonly #listener: RecognizerListener;
  readonly #meter = new LoudnessMeter();
  readonly #ended = new AbortController();
  #speechMs = 0;
  #partialMs = 0;
  #state: 'open' | 'over' = 'open';
  /** The latency of the final, running since the caller fell silent. */
  #begun: { readonly speechMs: number; readonly lapsed: Promise<boolean> } | undefined;

  constructor(settings: ScriptedSettings, call: ScriptedCall, listener: RecognizerListener) {
    this.#settings = settings;
    this.#call = call;
    this.#listener = listener;
  }

  push(samples: Int16Array): void {
    if (this.#state === 'over') return;
    this.#meter.push(samples, (loud) => {
      if (loud) this.#speechMs += WINDOW_MS;
    });
    if (this.#speechMs - this.#partialMs < PARTIAL_EVERY_MS) return;
    this.#partialMs = this.#speechMs;
    const heard = scriptedTranscript(this.#speechMs);
    if (heard.outcome !== 'words') return;
    setImmediate(() => {
      if (this.#state === 'open') this.#listener.onPartial(heard.text);
    });
  }

  pause(): void {
    this.#begun ??= this.#begin();
  }

  resume(): void {
    this.#begun = undefined;
  }

  async finish(): Promise<FinalTranscript> {
    this.#state = 'over';
    const begun = this.#begun?.speechMs === this.#speechMs ? this.#begun : this.#begin();
    await begun.lapsed;
    if (this.#call.fault !== 'none') throw new EngineError('scripted fault', true);
    return scriptedTranscript(this.#speechMs);
  }

  abort(): void {
    this.#state = 'over';
    this.#ended.abort();
  }

  #begin(): { readonly speechMs: number; readonly lapsed: Promise<boolean> } {
    return { speechMs: this.#speechMs, lapsed: lapse(this.#settings.transcript, this.#call, this.#ended.signal) };
  }
}

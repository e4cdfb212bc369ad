import { INTERNAL_RATE_HZ } from '../speech/ports.ts';

/** What is known of the caller's speech, in milliseconds of the caller's own audio since the stream began. */
export type SpeechFact =
  /** The caller speaks since `atMs`, which is before it was certain. */
  | { readonly type: 'speech_started'; readonly atMs: number }
  /** The utterance is over; its last window of speech ended at `atMs`. */
  | { readonly type: 'speech_ended'; readonly atMs: number }
  /** After an utterance, on every further window: no speech for this long, counted from its end. */
  | { readonly type: 'silence'; readonly silentMs: number };

export interface SpeechGateConfig {
  /** From this probability on, a window is speech where there was none. */
  readonly startThreshold: number;
  /** Below this probability, a window is no speech where there was some: lower than the start, so that it does not flicker. */
  readonly endThreshold: number;
  /** Speech has to last this long to count: clicks do not. */
  readonly minSpeechMs: number;
  /** Silence has to last this long to end an utterance: pauses between syllables do not. */
  readonly minSilenceMs: number;
}

export const DEFAULT_SPEECH_GATE: SpeechGateConfig = { startThreshold: 0.5, endThreshold: 0.35, minSpeechMs: 96, minSilenceMs: 200 };

const NOTHING: readonly SpeechFact[] = Object.freeze([]);

/** Where the caller stands; times in samples. */
type GateState =
  /** Quiet since the stream began. */
  | { readonly kind: 'quiet' }
  /** Speech may have begun at `from`; `before` is what it falls back to. */
  | { readonly kind: 'rising'; readonly from: number; readonly before: QuietState }
  /** Speaking; the last window of speech ended at `lastSpeech`. */
  | { readonly kind: 'speaking'; readonly lastSpeech: number }
  /** Quiet after an utterance whose speech ended at `since`, or was taken for ended there. */
  | { readonly kind: 'silent'; readonly since: number };
type QuietState = Extract<GateState, { kind: 'quiet' | 'silent' }>;

/** Turns the probability of speech per window into facts about utterances. Knows no clock: the same windows give the same facts. */
export class SpeechGate {
  readonly #config: SpeechGateConfig;
  #state: GateState = { kind: 'quiet' };
  /** Where the window before ended, in samples. */
  #end = 0;

  constructor(config: SpeechGateConfig = DEFAULT_SPEECH_GATE) {
    this.#config = config;
  }

  /** Before this sample everything is known to be speech or not; what lies after may be the beginning of speech. */
  get certainEnd(): number {
    return this.#state.kind === 'rising' ? this.#state.from : this.#end;
  }

  /** What the window that ends at `endSample` (at INTERNAL_RATE_HZ) adds. The array is not the caller's to keep or change. */
  onWindow(probability: number, endSample: number): readonly SpeechFact[] {
    const start = this.#end;
    this.#end = endSample;
    const state = this.#state;
    switch (state.kind) {
      case 'quiet':
      case 'silent':
        return probability < this.#config.startThreshold ? this.#quiet(state, endSample) : this.#rise(start, state, endSample);
      case 'rising':
        return probability < this.#config.endThreshold ? this.#quiet(state.before, endSample) : this.#rise(state.from, state.before, endSample);
      case 'speaking':
        return this.#speak(state.lastSpeech, probability, endSample);
    }
  }

  /** Takes the caller for silent from here on, after an utterance: speech that goes on is told as new, silence is counted. */
  restart(): void {
    this.#state = { kind: 'silent', since: this.#end };
  }

  #quiet(state: QuietState, endSample: number): readonly SpeechFact[] {
    this.#state = state;
    return state.kind === 'quiet' ? NOTHING : [{ type: 'silence', silentMs: toMs(endSample - state.since) }];
  }

  /** Possible speech: no fact of silence is given meanwhile, the caller may well be speaking. */
  #rise(from: number, before: QuietState, endSample: number): readonly SpeechFact[] {
    if (toMs(endSample - from) < this.#config.minSpeechMs) {
      this.#state = { kind: 'rising', from, before };
      return NOTHING;
    }
    this.#state = { kind: 'speaking', lastSpeech: endSample };
    return [{ type: 'speech_started', atMs: toMs(from) }];
  }

  #speak(lastSpeech: number, probability: number, endSample: number): readonly SpeechFact[] {
    if (probability >= this.#config.endThreshold) {
      this.#state = { kind: 'speaking', lastSpeech: endSample };
      return NOTHING;
    }
    if (toMs(endSample - lastSpeech) < this.#config.minSilenceMs) return NOTHING;
    this.#state = { kind: 'silent', since: lastSpeech };
    return [{ type: 'speech_ended', atMs: toMs(lastSpeech) }];
  }
}

function toMs(samples: number): number {
  return (samples * 1000) / INTERNAL_RATE_HZ;
}

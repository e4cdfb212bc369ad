import { EngineError, type FinalTranscript, type RecognizerListener, type RecognizerStream } from '../ports.ts';
import type { Bias } from './bias-names.ts';
import type { PendingFinal, RecognizerPool } from './recognizer-pool.ts';
import { TurnAudio } from './turn-audio.ts';

/** A partial is asked for after this much more audio and after this part more, so that a long turn costs no more per second. */
const PARTIAL_EVERY_MS = 400;
const PARTIAL_GROWTH = 1.3;
/**
 * Turns longer than this are decoded at their end only: each pause would decode all of it anew, and what is begun cannot be
 * stopped. A turn this long takes up to 0.7 s to decode on one core; dictation takes five times as long.
 */
const MAX_GUESSED_MS = 8000;
const MAX_GUESSED_DICTATION_MS = 2000;

/** A final being decoded, and whether it can still come to something. */
interface Decode {
  readonly transcript: Promise<FinalTranscript>;
  readonly cancel: (reason: EngineError) => void;
  state: 'running' | 'done' | 'failed';
}

type TurnState =
  | { readonly kind: 'listening' }
  /** The final of what was pushed before the pause, if it was worth a guess that the turn ends here. */
  | { readonly kind: 'paused'; readonly decode: Decode | undefined }
  | { readonly kind: 'finishing'; readonly decode: Decode }
  | { readonly kind: 'over' };

export interface TurnOptions {
  readonly bias: Bias;
  readonly pool: RecognizerPool;
  readonly listener: RecognizerListener;
  /** The turn is longer than is kept of it; called once. */
  readonly onCut: () => void;
}

/** One turn: keeps its audio, and has it decoded whole by whichever thread is free. Threads keep nothing of a turn. */
export class PocketSphinxStream implements RecognizerStream {
  readonly #options: TurnOptions;
  readonly #audio = new TurnAudio();
  #state: TurnState = { kind: 'listening' };
  #cut = false;
  #nextPartialMs = PARTIAL_EVERY_MS;
  #isPartialRunning = false;
  #lastPartial = '';

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  push(samples: Int16Array): void {
    if (this.#state.kind !== 'listening' && this.#state.kind !== 'paused') return;
    if (!this.#audio.push(samples) && !this.#cut) {
      this.#cut = true;
      this.#options.onCut();
    }
    if (this.#state.kind === 'listening' && this.#audio.lengthMs >= this.#nextPartialMs) this.#askPartial();
  }

  pause(): void {
    if (this.#state.kind === 'listening') this.#state = { kind: 'paused', decode: this.#guess() };
  }

  resume(): void {
    if (this.#state.kind !== 'paused') return;
    this.#state.decode?.cancel(new EngineError('the caller spoke on', true));
    this.#state = { kind: 'listening' };
  }

  finish(): Promise<FinalTranscript> {
    const state = this.#state;
    if (state.kind === 'finishing' || state.kind === 'over') {
      return Promise.reject(new EngineError('the turn is over already', false));
    }
    const guess = state.kind === 'paused' ? state.decode : undefined;
    const decode = guess === undefined || guess.state === 'failed' ? this.#decode() : guess;
    this.#state = { kind: 'finishing', decode };
    this.#audio.clear();
    return decode.transcript;
  }

  abort(): void {
    const state = this.#state;
    this.#state = { kind: 'over' };
    this.#audio.clear();
    if (state.kind === 'paused' || state.kind === 'finishing') state.decode?.cancel(new EngineError('the turn was aborted', false));
  }

  #decode(): Decode {
    if (this.#audio.lengthMs === 0) {
      return { transcript: Promise.resolve({ outcome: 'nothing' }), cancel: () => undefined, state: 'done' };
    }
    return watched(this.#options.pool.decodeFinal(this.#options.bias, this.#audio.padded()));
  }

  /** Begins on the final where the turn is short and nobody else wants to be decoded. */
  #guess(): Decode | undefined {
    const { bias, pool } = this.#options;
    const { lengthMs } = this.#audio;
    if (lengthMs === 0 || lengthMs > (bias.isDictation ? MAX_GUESSED_DICTATION_MS : MAX_GUESSED_MS)) return undefined;
    const final = pool.guessFinal(bias, () => this.#audio.padded());
    return final === undefined ? undefined : watched(final);
  }

  /** Missing one is no harm: where no thread is idle, the next one is asked for later. Dictation is too slow for them. */
  #askPartial(): void {
    const { bias, pool } = this.#options;
    if (bias.isDictation || this.#isPartialRunning) return;
    this.#nextPartialMs = Math.max(this.#audio.lengthMs + PARTIAL_EVERY_MS, this.#audio.lengthMs * PARTIAL_GROWTH);
    this.#isPartialRunning = pool.decodePartial(bias, () => this.#audio.padded(), (text) => {
      this.#isPartialRunning = false;
      this.#onPartial(text);
    });
  }

  #onPartial(text: string): void {
    if (this.#state.kind !== 'listening' && this.#state.kind !== 'paused') return;
    // The pause may have found no thread but the one that was at this partial.
    if (this.#state.kind === 'paused') this.#state = { kind: 'paused', decode: this.#state.decode ?? this.#guess() };
    if (text === '' || text === this.#lastPartial) return;
    this.#lastPartial = text;
    this.#options.listener.onPartial(text);
  }
}

function watched(final: PendingFinal): Decode {
  const decode: Decode = { ...final, state: 'running' };
  final.transcript.then(
    () => (decode.state = 'done'),
    // Whoever awaits the transcript gets the error; a pause that nobody awaits only needs to know to try again.
    () => (decode.state = 'failed'),
  );
  return decode;
}

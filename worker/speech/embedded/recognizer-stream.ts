import { EngineError, type FinalTranscript, type RecognizerListener, type RecognizerStream } from '../ports.ts';
import type { RecognizerPool } from './recognizer-pool.ts';
import { TurnAudio } from './turn-audio.ts';

/** A partial is asked for after this much more audio and after this part more, so that a long turn costs no more per second. */
const PARTIAL_EVERY_MS = 400;
const PARTIAL_GROWTH = 1.3;

/** A final being decoded, and whether it can still come to something. */
interface Decode {
  readonly transcript: Promise<FinalTranscript>;
  readonly cancel: (reason: EngineError) => void;
  state: 'running' | 'done' | 'failed';
}

type TurnState =
  | { readonly kind: 'listening' }
  /** The final of what was pushed before the pause. */
  | { readonly kind: 'paused'; readonly decode: Decode }
  | { readonly kind: 'finishing'; readonly decode: Decode }
  | { readonly kind: 'over' };

export interface TurnOptions {
  readonly phrases: readonly string[];
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
    if (this.#state.kind === 'listening') this.#state = { kind: 'paused', decode: this.#decode() };
  }

  resume(): void {
    if (this.#state.kind !== 'paused') return;
    this.#state.decode.cancel(new EngineError('the caller spoke on', true));
    this.#state = { kind: 'listening' };
  }

  finish(): Promise<FinalTranscript> {
    const state = this.#state;
    if (state.kind === 'finishing' || state.kind === 'over') {
      return Promise.reject(new EngineError('the turn is over already', false));
    }
    const decode = state.kind === 'paused' && state.decode.state !== 'failed' ? state.decode : this.#decode();
    this.#state = { kind: 'finishing', decode };
    this.#audio.clear();
    return decode.transcript;
  }

  abort(): void {
    const state = this.#state;
    this.#state = { kind: 'over' };
    this.#audio.clear();
    if (state.kind === 'paused' || state.kind === 'finishing') state.decode.cancel(new EngineError('the turn was aborted', false));
  }

  #decode(): Decode {
    if (this.#audio.lengthMs === 0) {
      return { transcript: Promise.resolve({ outcome: 'nothing' }), cancel: () => undefined, state: 'done' };
    }
    const final = this.#options.pool.decodeFinal(this.#options.phrases, this.#audio.padded());
    const decode: Decode = { ...final, state: 'running' };
    final.transcript.then(
      () => (decode.state = 'done'),
      // Whoever awaits the transcript gets the error; a pause that nobody awaits only needs to know to try again.
      () => (decode.state = 'failed'),
    );
    return decode;
  }

  /** Missing one is no harm: where no thread is idle, the next one is asked for later. */
  #askPartial(): void {
    this.#nextPartialMs = Math.max(this.#audio.lengthMs + PARTIAL_EVERY_MS, this.#audio.lengthMs * PARTIAL_GROWTH);
    this.#options.pool.decodePartial(this.#options.phrases, () => this.#audio.padded(), (text) => {
      if (this.#state.kind !== 'listening' && this.#state.kind !== 'paused') return;
      if (text === '' || text === this.#lastPartial) return;
      this.#lastPartial = text;
      this.#options.listener.onPartial(text);
    });
  }
}

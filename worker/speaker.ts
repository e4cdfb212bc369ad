import type { Delivered } from '../shared/protocol/claim.ts';
import { SpokenTurn, type SpeakerOptions } from './spoken-turn.ts';
import type { BegunSentence } from './turn/history.ts';
import { placeIn } from './turn/reply-continuation.ts';

/** The agent's voice in one session: speaks one turn at a time, sentence by sentence, a little ahead of its playing. */
export class Speaker {
  readonly #options: SpeakerOptions;
  #speaking: SpokenTurn | undefined;
  #isHeld = false;

  constructor(options: SpeakerOptions) {
    this.#options = options;
  }

  /** Queues a sentence of a turn; a turn that is not the current one begins with it. */
  say(turn: number, text: string): void {
    if (this.#speaking?.turn !== turn) {
      this.stop();
      this.#speaking = new SpokenTurn(turn, this.#options, this.#isHeld);
    }
    this.#speaking.say(text);
  }

  /** Goes on with a turn that an earlier owner began: everything before `fromMs` of its audio is with the caller. */
  resume(turn: number, sentences: readonly BegunSentence[], fromMs: number): void {
    this.stop();
    this.#speaking = new SpokenTurn(turn, this.#options, this.#isHeld, placeIn(sentences, fromMs));
  }

  /** No more sentences of this turn will come. */
  finish(turn: number): void {
    if (this.#speaking?.turn === turn) this.#speaking.finish();
  }

  /** The caller's device played everything up to this egress seq. */
  played(egressSeq: number): void {
    this.#speaking?.played(egressSeq);
  }

  /** Nobody can hear: nothing more is sent and nothing counts as played out until `goOn`. */
  hold(): void {
    this.#isHeld = true;
    this.#speaking?.hold();
  }

  /** The caller can hear again, and has of the turn `delivered.turn` (modulo 256) what lies before that place, where it is known. */
  goOn(delivered?: Delivered): void {
    this.#isHeld = false;
    this.#speaking?.goOn(delivered);
  }

  /** Falls silent at once; answers what the caller heard of the turn that was spoken. */
  stop(): string {
    const heard = this.#speaking?.stop() ?? '';
    this.#speaking = undefined;
    return heard;
  }
}

import { ENVELOPE_FLAG } from '../shared/protocol/envelope.ts';

/**
 * What a numbered envelope is to the caller: the `next` one, a `duplicate` of one passed on before, or one behind a `hole`,
 * because the bus lost what lies between.
 */
export type EgressPlace = 'next' | 'duplicate' | 'hole';

/** Between two requests for the same envelopes. */
const ASK_EVERY_MS = 250;
/** A worker that does not answer so many requests cannot: it is one of an older version. Its jump is accepted. */
const MOST_REQUESTS = 4;

/** Where one connection stands in its session's egress: every envelope is passed on once and in order. Time is an argument. */
export class EgressOrder {
  #last: number;
  #isMissing = false;
  #requests = 0;
  #askAtMs = 0;

  /** `last`: the egress seq that the caller has already. */
  constructor(last: number) {
    this.#last = last;
  }

  /** The highest egress seq passed on. */
  get last(): number {
    return this.#last;
  }

  /** Judges an envelope by its number; it counts as passed on where it is `next`. A jump flagged `gap` is meant. */
  place(seq: number, flags: number): EgressPlace {
    if (seq <= this.#last) return 'duplicate';
    const isAccepted = seq === this.#last + 1 || (flags & ENVELOPE_FLAG.gap) !== 0 || this.#requests > MOST_REQUESTS;
    if (!isAccepted) {
      this.#isMissing = true;
      return 'hole';
    }
    this.#last = seq;
    this.restart();
    return 'next';
  }

  /** Whether what follows `last` is to be asked for now; answering true counts as having asked. */
  asks(nowMs: number): boolean {
    if (!this.#isMissing || nowMs < this.#askAtMs || this.#requests > MOST_REQUESTS) return false;
    this.#requests += 1;
    this.#askAtMs = nowMs + ASK_EVERY_MS;
    // What the last request may still bring has had its time.
    return this.#requests <= MOST_REQUESTS;
  }

  /** Another worker speaks from here on: nothing was asked of it yet. */
  restart(): void {
    this.#isMissing = false;
    this.#requests = 0;
    this.#askAtMs = 0;
  }
}

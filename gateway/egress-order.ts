import { ENVELOPE_FLAG } from '../shared/protocol/envelope.ts';
import { MissingRequests } from '../shared/protocol/missing-requests.ts';

/**
 * What a numbered envelope is to the caller: the `next` one, a `duplicate` of one passed on before, or one behind a `hole`,
 * because the bus lost what lies between.
 */
export type EgressPlace = 'next' | 'duplicate' | 'hole';

/** Where one connection stands in its session's egress: every envelope is passed on once and in order. Time is an argument. */
export class EgressOrder {
  readonly #requests = new MissingRequests();
  #last: number;

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
    const isAccepted = seq === this.#last + 1 || (flags & ENVELOPE_FLAG.gap) !== 0 || this.#requests.isGivenUp;
    if (!isAccepted) {
      this.#requests.missing();
      return 'hole';
    }
    this.#last = seq;
    this.restart();
    return 'next';
  }

  /** Everything up to `seq` was sent: what did not come is missing. */
  expect(seq: number): void {
    if (seq > this.#last) this.#requests.missing();
  }

  /** Whether what follows `last` is to be asked for now; answering true counts as having asked. */
  asks(nowMs: number): boolean {
    return this.#requests.asks(nowMs);
  }

  /** The caller has everything up to `seq`: some of it may have come by an older connection that was still there. */
  reached(seq: number): void {
    this.#last = Math.max(this.#last, seq);
  }

  /** Another worker speaks from here on: nothing was asked of it yet. */
  restart(): void {
    this.#requests.restart();
  }
}

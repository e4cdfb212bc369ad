import type { Envelope } from '../shared/protocol/envelope.ts';

/** Egress of a new owner that arrives before its answer to the claim; what does not fit is asked for again later. */
const MOST_EARLY = 256;
const NONE: readonly Envelope[] = [];

/** What is heard while a connection claims: the new owner's answer may come after its first words. */
export class EarlyEgress {
  #envelopes: Envelope[] = [];
  #fence = 0;

  /** Keeps a copy of an envelope of the newest owner heard of so far. Answers how many were dropped for it or with it. */
  add(envelope: Envelope): number {
    if (envelope.fence < this.#fence) return 1;
    const stale = envelope.fence > this.#fence ? this.#envelopes.length : 0;
    if (envelope.fence > this.#fence) this.#envelopes = [];
    this.#fence = envelope.fence;
    if (this.#envelopes.length >= MOST_EARLY) return stale + 1;
    this.#envelopes.push({ ...envelope });
    return stale;
  }

  /** How many are kept, whoever said them. */
  get length(): number {
    return this.#envelopes.length;
  }

  /** What the worker that took the session under this fence has said, in order. */
  of(fence: number): readonly Envelope[] {
    return fence === this.#fence ? this.#envelopes : NONE;
  }
}

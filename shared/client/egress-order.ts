/**
 * Where the agent's messages stand: each is passed on once and in order, whichever connection brings it. Two connections of one
 * session may both bring some while one takes over from the other; each of them tells everything after the place it was opened
 * at, in order, so that what is not newer than the last one passed on is a repetition. Pure.
 */
export class EgressOrder {
  #last = 0;

  /** Egress seq of the last message passed on; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Whether this message is new; it counts as passed on then. */
  admit(seq: number): boolean {
    if (seq <= this.#last) return false;
    this.#last = seq;
    return true;
  }
}

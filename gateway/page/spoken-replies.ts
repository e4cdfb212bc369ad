/** Replies kept to compare with. */
const KEPT = 8;

/**
 * The replies to typed messages that were shown already. They are spoken as well, and what is spoken comes as a
 * transcript again, sentence by sentence: shown once is enough.
 */
export class SpokenReplies {
  #waiting: readonly string[] = [];

  add(reply: string): void {
    this.#waiting = [...this.#waiting, reply].slice(-KEPT);
  }

  /** Whether this sentence is a part of a shown reply that was not spoken yet; it counts as spoken from now on. */
  take(sentence: string): boolean {
    const at = this.#waiting.findIndex((reply) => reply.includes(sentence));
    const reply = this.#waiting[at];
    if (reply === undefined || sentence === '') return false;
    const rest = reply.slice(reply.indexOf(sentence) + sentence.length).trim();
    this.#waiting = this.#waiting.with(at, rest).filter((text) => text !== '');
    return true;
  }
}

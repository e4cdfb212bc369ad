/** The first pause after a request … */
const FIRST_PAUSE_MS = 250;
/** … doubles up to this: under load an answer takes longer, and each request brings everything that is missing again. */
const LONGEST_PAUSE_MS = 4000;
/** A sender that does not answer so many requests cannot: one of an older version. Its jump is accepted. */
const MOST_REQUESTS = 8;

/**
 * When a receiver of numbered messages asks for those that the bus lost: at once, then after growing pauses, until they come
 * or their sender is known not to answer. Pure: time is an argument.
 */
export class MissingRequests {
  #isMissing = false;
  #isGivenUp = false;
  #requests = 0;
  #askAtMs = 0;

  /** Whether messages are missing that asking may bring. */
  get isMissing(): boolean {
    return this.#isMissing;
  }

  /** Whether anything was asked for since it is missing. */
  get hasAsked(): boolean {
    return this.#requests > 0;
  }

  /** Whether every request had its time and none was answered. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Something came that does not follow on what came before. */
  missing(): void {
    this.#isMissing = true;
  }

  /** Whether to ask now; true counts as asked. */
  asks(nowMs: number): boolean {
    if (!this.#isMissing || this.#isGivenUp || nowMs < this.#askAtMs) return false;
    if (this.#requests === MOST_REQUESTS) {
      this.#isGivenUp = true;
      return false;
    }
    this.#askAtMs = nowMs + Math.min(FIRST_PAUSE_MS * 2 ** this.#requests, LONGEST_PAUSE_MS);
    this.#requests += 1;
    return true;
  }

  /** What follows has come, or somebody else sends from here on: nothing was asked yet. */
  restart(): void {
    this.#isMissing = false;
    this.#isGivenUp = false;
    this.#requests = 0;
    this.#askAtMs = 0;
  }
}

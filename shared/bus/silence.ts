/** So many looks in a row at which nothing had come: with one look a second, two to three seconds. */
const MOST_SILENT_LOOKS = 2;

/**
 * Whether the other side of a connection has fallen silent. Anything that comes is a sign of life: the answer to a ping waits
 * behind all that was sent before it, and a connection with seconds of work in it is slow, not dead. Looks are counted, not time:
 * a process that stood still itself finds what came meanwhile before it looks again.
 */
export class Silence {
  /** As of the last look; undefined before the first. */
  #heard: number | undefined;
  #silentLooks = 0;

  /** `heard` counts whatever came, and only grows. Answers whether nothing has come for too long. */
  isTooLong(heard: number): boolean {
    this.#silentLooks = heard === this.#heard ? this.#silentLooks + 1 : 0;
    this.#heard = heard;
    return this.#silentLooks >= MOST_SILENT_LOOKS;
  }

  /** There is a new connection, or none. */
  restart(): void {
    this.#heard = undefined;
    this.#silentLooks = 0;
  }
}

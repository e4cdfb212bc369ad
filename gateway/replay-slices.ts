/** Sends a part of what waits and says how much that was; asks to be added again where more waits. */
export interface Sliced {
  sendSlice(mostBytes: number): number;
}

/** Sent in one event-loop turn over all connections that catch up: about 8 s of one caller's audio. */
const BYTES_PER_TURN = 262_144;
/** One connection's share before the next has its turn. */
const BYTES_PER_SLICE = 32_768;

/** Lets connections catch up with a new worker faster than real time, without starving those that are live. */
export class ReplaySlices {
  #waiting: Sliced[] = [];
  #isScheduled = false;

  /** Gives `sliced` its turns from the next event-loop turn on. */
  add(sliced: Sliced): void {
    this.#waiting.push(sliced);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    let budget = BYTES_PER_TURN;
    while (budget > 0) {
      const sliced = this.#waiting.shift();
      if (sliced === undefined) break;
      budget -= sliced.sendSlice(BYTES_PER_SLICE) + 1;
    }
    this.#isScheduled = this.#waiting.length > 0;
    if (this.#isScheduled) setImmediate(() => this.#run());
  }
}

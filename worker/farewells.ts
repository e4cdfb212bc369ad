/** A bus that is away may have been so for longer than anybody noticed, but hardly this long. */
const KEPT_MS = 60_000;
const MOST_KEPT = 1000;
/** Who still speaks to a slot so long after the farewell has not heard it; and between two reminders. */
const REMIND_EVERY_MS = 250;

interface Farewell {
  readonly fence: number;
  readonly say: () => void;
  readonly atMs: number;
  saidAtMs: number;
}

/**
 * The last words to gateways about slots whose sessions have left: if the bus lost them, nobody else would say them again.
 * Pure: time is an argument.
 */
export class Farewells {
  /** By slot, oldest first. */
  readonly #said = new Map<number, Farewell>();

  /** Says it, and keeps it for a while. */
  say(slot: number, fence: number, say: () => void, nowMs: number): void {
    say();
    this.#said.delete(slot);
    this.#said.set(slot, { fence, say, atMs: nowMs, saidAtMs: nowMs });
    this.#sweep(nowMs);
  }

  /** Somebody speaks to a slot that nobody is in: hears the farewell again, where there was one. */
  remind(slot: number, fence: number, nowMs: number): void {
    const farewell = this.#said.get(slot);
    if (farewell === undefined || farewell.fence !== fence || nowMs - farewell.saidAtMs < REMIND_EVERY_MS) return;
    farewell.saidAtMs = nowMs;
    farewell.say();
  }

  /** Says all of the last minute again; who heard them has left the place they are addressed to. */
  repeat(nowMs: number): void {
    this.#sweep(nowMs);
    for (const { say } of this.#said.values()) say();
  }

  #sweep(nowMs: number): void {
    for (const [slot, { atMs }] of this.#said) {
      if (this.#said.size <= MOST_KEPT && nowMs - atMs < KEPT_MS) return;
      this.#said.delete(slot);
    }
  }
}

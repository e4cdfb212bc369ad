import { nowMs } from '../shared/runtime/clock.ts';

/** A bus that is away may have been so for longer than anybody noticed, but hardly this long. */
const KEPT_MS = 60_000;
const MOST_KEPT = 1000;

/** The last words to gateways about sessions that are not held any more: nobody else would say them again if the bus lost them. */
export class Farewells {
  #said: { readonly say: () => void; readonly atMs: number }[] = [];

  /** Says it, and keeps it for a while. */
  say(say: () => void): void {
    say();
    this.#said.push({ say, atMs: nowMs() });
    if (this.#said.length > MOST_KEPT) this.#said.shift();
    this.#sweep();
  }

  /** Says all of the last minute again; who heard them has left the place they are addressed to. */
  repeat(): void {
    this.#sweep();
    for (const { say } of this.#said) say();
  }

  #sweep(): void {
    const sinceMs = nowMs() - KEPT_MS;
    const [oldest] = this.#said;
    if (oldest !== undefined && oldest.atMs < sinceMs) this.#said = this.#said.filter(({ atMs }) => atMs >= sinceMs);
  }
}

import { Batcher } from './batcher.ts';

/** Batchers of processes that were not written to for this long are forgotten: each start of a process has a name of its own. */
const FORGET_AFTER_MS = 60_000;

/** A batcher for each process that is written to, by its id. */
export class Batchers {
  readonly #senderTo: (id: string) => (batch: Uint8Array) => void;
  readonly #hasSentAll: (() => boolean) | undefined;
  readonly #batchers = new Map<string, Batcher>();

  /** `senderTo` answers what publishes finished batches for a process, once for as long as it is written to; `hasSentAll`: see Batcher. */
  constructor(senderTo: (id: string) => (batch: Uint8Array) => void, hasSentAll?: () => boolean) {
    this.#senderTo = senderTo;
    this.#hasSentAll = hasSentAll;
  }

  /** Processes that were written to lately. */
  get size(): number {
    return this.#batchers.size;
  }

  /** Where envelopes for this process go. */
  to(id: string): Batcher {
    const known = this.#batchers.get(id);
    if (known !== undefined) return known;
    const batcher = new Batcher(this.#senderTo(id), this.#hasSentAll);
    this.#batchers.set(id, batcher);
    return batcher;
  }

  /** Drops what waits for a process that is gone. */
  forget(id: string): void {
    this.#batchers.delete(id);
  }

  /** Sends everything that waits for this process, or for all. */
  flush(id?: string): void {
    if (id !== undefined) return this.#batchers.get(id)?.flush();
    for (const batcher of this.#batchers.values()) batcher.flush();
  }

  /** Forgets processes that are long gone. */
  sweep(nowMs: number): void {
    for (const [id, { usedAtMs }] of this.#batchers) {
      if (nowMs - usedAtMs > FORGET_AFTER_MS) this.#batchers.delete(id);
    }
  }
}

/** A caller's loudspeaker: plays audio in the order of its coming, at once where nothing else sounds. Time is an argument. */
export class Playout {
  #endsAtMs = 0;

  /** When everything that came so far has sounded. */
  get endsAtMs(): number {
    return this.#endsAtMs;
  }

  /** Audio came; answers when it will sound. */
  take(durationMs: number, nowMs: number): { readonly fromMs: number; readonly toMs: number } {
    const fromMs = Math.max(nowMs, this.#endsAtMs);
    this.#endsAtMs = fromMs + durationMs;
    return { fromMs, toMs: this.#endsAtMs };
  }

  /** What has not sounded yet never will. */
  clear(nowMs: number): void {
    this.#endsAtMs = Math.min(this.#endsAtMs, nowMs);
  }
}

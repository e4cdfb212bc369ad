/** A way that is open again is used again after this much at the latest: the other side may notice it a reconnection later. */
const USED_AGAIN_MS = 2000;

/**
 * How long a caller's audio has not come although nothing is known to hold it up: audio that is only late ends no turn.
 * Pure: time is an argument, milliseconds of one clock that never goes back.
 */
export class AudioFlow {
  /** Silence counts from here: when audio came last, or could have come at the latest. */
  #fromMs = Number.NEGATIVE_INFINITY;
  /** Audio is held up, which is believed until then. */
  #heldUntilMs: number | undefined;

  /** Audio came. */
  came(nowMs: number): void {
    this.#fromMs = nowMs;
  }

  /** Audio is held up on its way from now on, for `mostMs` at most. One hold-up within another changes nothing. */
  interrupted(nowMs: number, mostMs: number): void {
    this.#heldUntilMs ??= nowMs + mostMs;
  }

  /** The way is open again; what was held up is still to be sent. */
  back(nowMs: number): void {
    if (this.#heldUntilMs === undefined) return;
    this.#fromMs = Math.max(this.#fromMs, Math.min(nowMs, this.#heldUntilMs) + USED_AGAIN_MS);
    this.#heldUntilMs = undefined;
  }

  /** How long nothing came that should have; 0 while it is known to be late. */
  silentMs(nowMs: number): number {
    return Math.max(0, nowMs - (this.#heldUntilMs ?? this.#fromMs));
  }
}

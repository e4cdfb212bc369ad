import type { TurnTimer } from './turn/turn-event.ts';

export interface TurnTimersOptions {
  /** How much of a timer's time has passed by what it measures, in milliseconds; it goes off once that is all of it. */
  readonly passedMs: (timer: TurnTimer) => number;
  readonly onTimeUp: (timer: TurnTimer) => void;
}

/** One session's timers, each at most once: the clock says when to look, what is measured says whether the time is up. */
export class TurnTimers {
  readonly #options: TurnTimersOptions;
  readonly #running = new Map<TurnTimer, NodeJS.Timeout>();

  constructor(options: TurnTimersOptions) {
    this.#options = options;
  }

  /** Starts a timer anew. */
  set(timer: TurnTimer, afterMs: number): void {
    this.#lookIn(timer, afterMs, afterMs);
  }

  clear(timer: TurnTimer): void {
    clearTimeout(this.#running.get(timer));
  }

  /** Clears all of them. */
  close(): void {
    for (const running of this.#running.values()) clearTimeout(running);
    this.#running.clear();
  }

  #lookIn(timer: TurnTimer, inMs: number, afterMs: number): void {
    this.clear(timer);
    this.#running.set(timer, setTimeout(() => this.#look(timer, afterMs), inMs));
  }

  #look(timer: TurnTimer, afterMs: number): void {
    const leftMs = afterMs - this.#options.passedMs(timer);
    if (leftMs > 0) this.#lookIn(timer, leftMs, afterMs);
    else this.#options.onTimeUp(timer);
  }
}

import type { LatencyRecorder } from './latency-recorder.ts';

export interface PacerOptions {
  /** How many take turns; each has one every `periodMs`, spread evenly over it. */
  readonly members: number;
  readonly periodMs: number;
  /** It is this member's turn; it was to be at `dueMs` of `performance.now()`. `round` counts its turns from 0. */
  readonly onTurn: (member: number, dueMs: number, round: number) => void;
  /** Hears how late each turn was. */
  readonly lateness: LatencyRecorder;
}

/** The finest a timer of Node can do. */
const TICK_MS = 1;

/**
 * Gives every member its turn by an absolute schedule, one after another rather than in chorus. Where the process was held
 * up, all turns that were missed follow at once, each with the time at which it was due: nothing is left out.
 */
export class Pacer {
  readonly #options: PacerOptions;
  readonly #stepMs: number;
  #fromMs = 0;
  #turns = 0;
  #state: 'waiting' | 'running' | 'stopped' = 'waiting';
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.#stepMs = options.periodMs / Math.max(1, options.members);
  }

  /** Begins at `fromMs` of `performance.now()`. */
  start(fromMs: number): void {
    this.#fromMs = fromMs;
    this.#state = 'running';
    this.#timer = setTimeout(() => this.#tick(), Math.max(TICK_MS, fromMs - performance.now()));
  }

  /** No more turns, not even those that are due. */
  stop(): void {
    this.#state = 'stopped';
    clearTimeout(this.#timer);
  }

  #tick(): void {
    const { members, onTurn, lateness } = this.#options;
    while (this.#state === 'running') {
      const dueMs = this.#fromMs + this.#turns * this.#stepMs;
      const lateMs = performance.now() - dueMs;
      if (lateMs < 0) break;
      lateness.record(lateMs);
      const member = this.#turns % members;
      const round = (this.#turns - member) / members;
      this.#turns += 1;
      onTurn(member, dueMs, round);
    }
    if (this.#state !== 'running') return;
    const nextMs = this.#fromMs + this.#turns * this.#stepMs - performance.now();
    this.#timer = setTimeout(() => this.#tick(), Math.max(TICK_MS, nextMs));
  }
}

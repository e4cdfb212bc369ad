import type { Meter } from './meter.ts';
import { ResumableCaller } from './resumable-caller.ts';
import { inParallel, urlOf, type Workload, type WorkloadOptions } from './workload.ts';

const OPENING = 16;
/** From one stampede to the next. */
const EVERY_MS = 5000;
const FIRST_AFTER_MS = 500;

/** Everybody loses their connection in the same moment, again and again, and asks something while away. */
export class BurstWorkload implements Workload {
  readonly #options: WorkloadOptions;
  readonly #meter: Meter;
  readonly #callers: readonly ResumableCaller[];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkloadOptions, meter: Meter) {
    this.#options = options;
    this.#meter = meter;
    const { callers, firstCaller, urls, apiKey } = options;
    this.#callers = Array.from({ length: callers }, (_, at) => new ResumableCaller(urlOf(options, firstCaller + at), urls, apiKey, meter));
  }

  async open(): Promise<void> {
    await inParallel(this.#options.callers, OPENING, async (at) => this.#callers[at]?.call(performance.now()));
  }

  start(): void {
    const firstMs = performance.now() + FIRST_AFTER_MS;
    this.#timer = setTimeout(() => this.#burst(firstMs), FIRST_AFTER_MS);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#callers.map(async (caller) => {
      await caller.resumed();
      await caller.answered();
    }));
  }

  async close(): Promise<void> {
    await inParallel(this.#callers.length, OPENING, async (at) => this.#callers[at]?.hangUp());
  }

  #burst(dueMs: number): void {
    this.#meter.lateness.record(performance.now() - dueMs);
    for (const caller of this.#callers) {
      // Who is still away from the last time is counted by that one.
      if (caller.isAway) continue;
      caller.cut();
      caller.ask(performance.now());
    }
    this.#meter.count('stampedes');
    const nextMs = dueMs + EVERY_MS;
    this.#timer = setTimeout(() => this.#burst(nextMs), nextMs - performance.now());
  }
}

import { messageOf } from '../../shared/runtime/errors.ts';
import { seededRandom, seedOf, type Random } from '../chaos/random.ts';
import type { Meter } from './meter.ts';
import { ResumableCaller } from './resumable-caller.ts';
import { urlOf, type Workload, type WorkloadOptions } from './workload.ts';

/** Of all calls so many lose their connection once. */
const PART_CUT = 0.5;

/**
 * Calls that come by chance, `rate` a second on average whether or not earlier ones are done: each asks something, half of
 * them lose their connection and resume, asks again and leaves.
 */
export class ChurnWorkload implements Workload {
  readonly #options: WorkloadOptions;
  readonly #meter: Meter;
  readonly #random: Random;
  readonly #calls = new Set<Promise<void>>();
  #begun = 0;
  #dueMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkloadOptions, meter: Meter) {
    this.#options = options;
    this.#meter = meter;
    this.#random = seededRandom(seedOf(options.seed, `churn ${options.firstCaller}`));
  }

  async open(): Promise<void> {
    // Nobody is there before it begins.
  }

  start(): void {
    this.#dueMs = performance.now();
    this.#timer = setTimeout(() => this.#tick(), 0);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#calls);
  }

  async close(): Promise<void> {
    // Every call has hung up by itself.
  }

  #tick(): void {
    for (let nowMs = performance.now(); this.#dueMs <= nowMs; this.#dueMs += this.#gapMs()) {
      this.#meter.lateness.record(nowMs - this.#dueMs);
      const call = this.#call(this.#dueMs).finally(() => this.#calls.delete(call));
      this.#calls.add(call);
    }
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, this.#dueMs - performance.now()));
  }

  /** Arrivals that know nothing of each other: times between them are exponential. */
  #gapMs(): number {
    const { rate, share } = this.#options;
    return (-Math.log(1 - this.#random()) * 1000) / (rate * share);
  }

  async #call(dueMs: number): Promise<void> {
    const { urls, apiKey, firstCaller } = this.#options;
    this.#meter.count('calls');
    this.#begun += 1;
    const caller = new ResumableCaller(urlOf(this.#options, firstCaller + this.#begun), urls, apiKey, this.#meter);
    const isCut = this.#random() < PART_CUT;
    try {
      await caller.call(dueMs);
      caller.ask(performance.now());
      await caller.answered();
      if (isCut) {
        caller.cut();
        caller.ask(performance.now());
        await caller.resumed();
        await caller.answered();
      }
    } catch (error) {
      this.#meter.fault('calls failed', messageOf(error));
    }
    await caller.hangUp();
  }
}

import { LatencyRecorder } from './latency-recorder.ts';
import type { Meter } from './meter.ts';
import { RelayWorkload } from './relay-workload.ts';
import type { Workload, WorkloadOptions } from './workload.ts';

const URGENT = 0;
const BULK = 2;
/** Of all callers so many are urgent. */
const PART_URGENT = 0.05;

/** Two loads at once on one fleet: urgent callers all the time, bulk ones in the second half of `extra.seconds`. */
export class MixedWorkload implements Workload {
  readonly #options: WorkloadOptions;
  readonly #alone: RelayWorkload;
  readonly #beside: RelayWorkload;
  readonly #bulk: RelayWorkload;
  #timer: NodeJS.Timeout | undefined;
  #phase: 'alone' | 'beside' = 'alone';

  constructor(options: WorkloadOptions, meter: Meter) {
    const urgent = Math.max(1, Math.round(options.callers * PART_URGENT));
    this.#options = options;
    // Two sets of urgent callers, one after the other: each has a series of its own.
    this.#alone = new RelayWorkload({ ...options, callers: urgent }, meter, URGENT, { latency: 'urgent alone', wire: 'wire', counts: '' });
    this.#beside = new RelayWorkload({ ...options, callers: urgent }, meter, URGENT, { latency: 'urgent beside bulk', wire: 'wire', counts: '' });
    const bulk = { latency: 'bulk', wire: 'bulk wire', counts: 'bulk ' };
    this.#bulk = new RelayWorkload({ ...options, callers: Math.max(1, options.callers - urgent) }, meter, BULK, bulk, new LatencyRecorder());
  }

  async open(): Promise<void> {
    for (const load of this.#loads) await load.open();
  }

  start(): void {
    this.#alone.start();
    this.#timer = setTimeout(() => {
      this.#phase = 'beside';
      void this.#alone.stop();
      this.#beside.start();
      this.#bulk.start();
    }, Number(this.#options.extra['seconds']) * 500);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#phase === 'alone') return this.#alone.stop();
    await Promise.all([this.#beside.stop(), this.#bulk.stop()]);
  }

  async close(): Promise<void> {
    for (const load of this.#loads) await load.close();
  }

  get #loads(): readonly RelayWorkload[] {
    return [this.#alone, this.#beside, this.#bulk];
  }
}

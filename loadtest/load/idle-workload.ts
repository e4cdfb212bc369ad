import type { Meter } from './meter.ts';
import { WireCaller } from './wire-caller.ts';
import { inParallel, lineOf, type Workload, type WorkloadOptions } from './workload.ts';

const OPENING = 16;

/** Calls that stand and say nothing. */
export class IdleWorkload implements Workload {
  readonly #options: WorkloadOptions;
  readonly #meter: Meter;
  readonly #callers: WireCaller[] = [];

  constructor(options: WorkloadOptions, meter: Meter) {
    this.#options = options;
    this.#meter = meter;
  }

  async open(): Promise<void> {
    await inParallel(this.#options.callers, OPENING, (at) => this.#connect(at));
  }

  start(): void {
    // They only are there.
  }

  async stop(): Promise<void> {
    const open = this.#callers.filter(({ socket }) => socket.isOpen).length;
    this.#meter.count('still open', open);
  }

  async close(): Promise<void> {
    await inParallel(this.#callers.length, OPENING, async (at) => this.#callers[at]?.hangUp());
  }

  async #connect(at: number): Promise<void> {
    const fromMs = performance.now();
    let isReady: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      isReady = resolve;
    });
    this.#callers.push(await WireCaller.call({
      ...lineOf(this.#options, this.#options.firstCaller + at), session: { agent: { instructions: 'idle' } },
      listener: {
        onNotice: (notice) => {
          if (notice.type === 'ready') isReady();
          if (notice.type === 'error') this.#meter.fault(`error ${notice.code}`, `${notice.code}: ${notice.message}`);
        },
        onClose: (code, reason) => this.#meter.fault(`closed ${code}`, `a connection was closed with ${code} "${reason}"`),
      },
    }));
    await ready;
    this.#meter.series('connect').record(performance.now() - fromMs);
    this.#meter.count('connects');
  }
}

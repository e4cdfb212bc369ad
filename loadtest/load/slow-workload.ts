import { setTimeout as sleep } from 'node:timers/promises';
import type { Meter } from './meter.ts';
import { RelayWorkload } from './relay-workload.ts';
import { WireCaller } from './wire-caller.ts';
import { inParallel, lineOf, type Workload, type WorkloadOptions } from './workload.ts';

/** Of all callers so many do not read. */
const PART_SLOW = 0.25;
const TEXT_EVERY_MS = 50;
/** Answers are as long as the questions: a kernel keeps megabytes for a receiver before anybody notices. */
const TEXT_CHARS = 50_000;
const FROM_MS = 1000;
const SLOW_CONSUMER = 4003;
/** Who reads again finds out that it was let go. */
const FIND_OUT_MS = 3000;

/** Relay callers as ever, and beside them some who ask for much and read nothing of it, until they are closed for it. */
export class SlowWorkload implements Workload {
  readonly #options: WorkloadOptions;
  readonly #meter: Meter;
  readonly #relay: RelayWorkload;
  readonly #slow: WireCaller[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: WorkloadOptions, meter: Meter) {
    this.#options = options;
    this.#meter = meter;
    this.#relay = new RelayWorkload({ ...options, callers: options.callers - slowOf(options.callers) }, meter);
  }

  async open(): Promise<void> {
    await this.#relay.open();
    await inParallel(slowOf(this.#options.callers), 4, (at) => this.#connect(at));
  }

  start(): void {
    this.#relay.start();
    this.#meter.count('slow receivers', this.#slow.length);
    const content = 'x'.repeat(TEXT_CHARS);
    this.#timer = setTimeout(() => {
      for (const caller of this.#slow) caller.socket.pause();
      this.#timer = setInterval(() => {
        for (const caller of this.#slow) caller.tell({ type: 'text', content });
      }, TEXT_EVERY_MS);
    }, FROM_MS);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#relay.stop();
    for (const caller of this.#slow) caller.socket.resume();
    for (let waitedMs = 0; waitedMs < FIND_OUT_MS && this.#slow.some(({ socket }) => socket.isOpen); waitedMs += 100) await sleep(100);
    this.#isOver = true;
  }

  async close(): Promise<void> {
    await this.#relay.close();
    await inParallel(this.#slow.length, 4, async (at) => this.#slow[at]?.hangUp());
  }

  async #connect(at: number): Promise<void> {
    this.#slow.push(await WireCaller.call({
      ...lineOf(this.#options, this.#options.firstCaller + at), session: { agent: { instructions: 'slow', engines: { responder: 'scripted' } } },
      listener: {
        onClose: (code) => {
          if (!this.#isOver) this.#meter.count(code === SLOW_CONSUMER || code === 1006 ? 'slow receivers let go' : `slow receivers ended with ${code}`);
        },
      },
    }));
  }
}

function slowOf(callers: number): number {
  return Math.max(1, Math.round(callers * PART_SLOW));
}

import { messageOf } from '../../shared/runtime/errors.ts';
import { isToGenerator, type FromGenerator, type GeneratorJob } from './generator-messages.ts';
import { Meter } from './meter.ts';
import { Pacer } from './pacer.ts';
import type { Workload } from './workload.ts';
import { makeWorkload } from './workloads.ts';

/** How often a process looks how late it is, whatever it does. */
const LOOK_EVERY_MS = 20;

/** One process that makes load: is told what by its parent, measures, and tells what it measured window by window. */
class Generator {
  readonly #meter = new Meter();
  // Where nothing goes by the clock, a process that is too busy is late all the same: with seeing what comes.
  readonly #clock = new Pacer({ members: 1, periodMs: LOOK_EVERY_MS, lateness: this.#meter.lateness, onTurn: () => undefined });
  #workload: Workload | undefined;
  #windowMs = 0;
  #windows = 0;
  #timer: NodeJS.Timeout | undefined;

  async open(job: GeneratorJob): Promise<void> {
    this.#workload = makeWorkload(job, this.#meter);
    this.#windowMs = job.windowMs;
    this.#clock.start(performance.now());
    await this.#workload.open();
    tell({ kind: 'ready' });
  }

  start(): void {
    // What connecting came to is not part of any second of the run, but what went wrong stays told.
    const { faults } = this.#meter.take();
    for (const words of faults) this.#meter.fault('failed before the start', words);
    this.#workload?.start();
    this.#timer = setInterval(() => this.#tellWindow(), this.#windowMs);
    void this.#workload?.done?.then(() => tell({ kind: 'finished' })).catch(failed);
  }

  async stop(): Promise<void> {
    this.#clock.stop();
    await this.#workload?.stop();
    clearInterval(this.#timer);
    const window = this.#meter.take();
    await this.#workload?.close();
    tell({ kind: 'done', at: this.#windows, window });
    process.disconnect();
  }

  #tellWindow(): void {
    tell({ kind: 'window', at: this.#windows, window: this.#meter.take() });
    this.#windows += 1;
  }
}

function tell(message: FromGenerator): void {
  process.send?.(message);
}

function failed(error: unknown): void {
  tell({ kind: 'failed', message: messageOf(error) });
  process.exitCode = 1;
}

const generator = new Generator();
process.on('message', (message) => {
  if (!isToGenerator(message)) return;
  if (message.kind === 'job') generator.open(message.job).catch(failed);
  else if (message.kind === 'start') generator.start();
  else generator.stop().catch(failed);
});
// Whoever ordered the load is gone: nobody wants to know any more.
process.once('disconnect', () => process.exit());

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isFromGenerator, type FromGenerator, type GeneratorJob, type ToGenerator } from './generator-messages.ts';
import type { MeterWindow } from './meter.ts';

const PROGRAM = fileURLToPath(new URL('./generator-process.js', import.meta.url));
/** A generator that does not end in order within this time is killed. */
const END_WITHIN_MS = 30_000;

/** Load could not be made: what a generator said, or that it ended. */
export class GeneratorError extends Error {
  override readonly name = 'GeneratorError';
}

/** Hears what was measured in window `at` of a run, by each generator; `isWhole`: not only in a part of it. */
export type OnWindow = (at: number, window: MeterWindow, isWhole: boolean) => void;

/** One process that makes load. */
class GeneratorChild {
  readonly #child: ChildProcess;
  readonly #onWindow: OnWindow;
  readonly #heard = new Set<FromGenerator['kind']>();
  #failure: GeneratorError | undefined;
  #wake: () => void = () => undefined;

  constructor(job: GeneratorJob, onWindow: OnWindow) {
    this.#onWindow = onWindow;
    this.#child = fork(PROGRAM, { execArgv: ['--enable-source-maps'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message) => {
      if (isFromGenerator(message)) this.#take(message);
    });
    this.#child.on('exit', (code, signal) => {
      if (!this.#heard.has('done')) this.#fail(`a generator process ended by itself (${signal ?? code})`);
    });
    this.tell({ kind: 'job', job });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  tell(message: ToGenerator): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Throws GeneratorError where it failed or ended before. */
  async until(kind: FromGenerator['kind']): Promise<void> {
    while (!this.#heard.has(kind)) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Ends the process, whatever it is at. */
  end(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
  }

  #take(message: FromGenerator): void {
    if (message.kind === 'window' || message.kind === 'done') this.#onWindow(message.at, message.window, message.kind === 'window');
    if (message.kind === 'failed') this.#fail(message.message);
    this.#heard.add(message.kind);
    this.#wake();
  }

  #fail(message: string): void {
    this.#failure ??= new GeneratorError(message);
    this.#wake();
  }
}

/** Several processes that make load together. Call `end` whatever happens. */
export class Generators {
  readonly #children: readonly GeneratorChild[];

  constructor(jobs: readonly GeneratorJob[], onWindow: OnWindow) {
    this.#children = jobs.map((job) => new GeneratorChild(job, onWindow));
  }

  get pids(): readonly number[] {
    return this.#children.map(({ pid }) => pid);
  }

  /** Resolves when everybody is connected. Throws GeneratorError. */
  async ready(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.until('ready')));
  }

  start(): void {
    for (const child of this.#children) child.tell({ kind: 'start' });
  }

  /** Resolves when all have done what they were to do; never where their work has no end. Throws GeneratorError. */
  async finished(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.until('finished')));
  }

  /** Stops the load; resolves when everybody has hung up and told what they measured. Throws GeneratorError. */
  async stop(): Promise<void> {
    for (const child of this.#children) child.tell({ kind: 'stop' });
    const timer = setTimeout(() => this.end(), END_WITHIN_MS);
    try {
      await Promise.all(this.#children.map((child) => child.until('done')));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends what is still there. */
  end(): void {
    for (const child of this.#children) child.end();
  }
}

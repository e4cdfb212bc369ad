import { setTimeout as sleep } from 'node:timers/promises';
import { exitWords, StartError, type ProcessExit, type RunningProcess } from './processes.ts';

const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;
/** A child that ran this long had recovered: its next death is a first one again. */
const RECOVERED_AFTER_MS = 60_000;

/** What is to be kept running: its name and how it is started; `start` rejects with StartError, or the signal's reason. */
export interface ChildPlan {
  readonly name: string;
  start(signal: AbortSignal): Promise<RunningProcess>;
}

type ChildState =
  | { readonly is: 'idle' }
  | { readonly is: 'running'; readonly process: RunningProcess; readonly sinceMs: number }
  | { readonly is: 'restarting' }
  | { readonly is: 'stopped'; readonly process: RunningProcess | undefined };

/** Keeps one child running: one that dies is started again, later each time, until `stop`. */
export class SupervisedChild {
  readonly name: string;
  readonly #plan: ChildPlan;
  readonly #say: (text: string) => void;
  readonly #abort = new AbortController();
  #state: ChildState = { is: 'idle' };
  #restarts = 0;
  #deathsInARow = 0;
  #keeping: Promise<void> = Promise.resolve();

  constructor(plan: ChildPlan, say: (text: string) => void) {
    this.name = plan.name;
    this.#plan = plan;
    this.#say = say;
  }

  /** How often it was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The process, while it runs and is ready. */
  get process(): RunningProcess | undefined {
    return this.#state.is === 'running' ? this.#state.process : undefined;
  }

  /** Starts it for the first time. Rejects with StartError where it cannot. */
  async start(): Promise<void> {
    const starting = this.#plan.start(this.#abort.signal);
    // A start that fails is told to whoever awaits `start`; there is nothing to keep running then.
    this.#keeping = starting.then((process) => this.#keep(process), () => undefined);
    await starting;
  }

  /** Ends it in order, or at once when `timeoutMs` is 0 (also while a slower `stop` waits); resolves when it is gone. */
  async stop(timeoutMs: number): Promise<void> {
    const process = this.#state.is === 'running' || this.#state.is === 'stopped' ? this.#state.process : undefined;
    this.#state = { is: 'stopped', process };
    this.#abort.abort(new Error('stopping'));
    if (timeoutMs === 0) await process?.kill('SIGKILL');
    else await process?.stop(timeoutMs);
    await this.#keeping;
  }

  async #keep(first: RunningProcess): Promise<void> {
    let process: RunningProcess | undefined = first;
    while (process !== undefined) {
      // Stopped in the moment it became ready.
      if (this.#abort.signal.aborted) return process.kill('SIGKILL');
      this.#state = { is: 'running', process, sinceMs: performance.now() };
      const exit: ProcessExit = await process.exited;
      process = await this.#restart(`ended unexpectedly (${exitWords(exit)})`);
    }
  }

  /** The new process, or undefined when it was stopped meanwhile. */
  async #restart(reason: string): Promise<RunningProcess | undefined> {
    if (this.#state.is === 'running' && performance.now() - this.#state.sinceMs > RECOVERED_AFTER_MS) this.#deathsInARow = 0;
    let why = reason;
    while (!this.#abort.signal.aborted) {
      this.#state = { is: 'restarting' };
      const waitMs = Math.min(FIRST_BACKOFF_MS * 2 ** this.#deathsInARow, MAX_BACKOFF_MS);
      this.#deathsInARow += 1;
      this.#restarts += 1;
      this.#say(`${this.name} ${why}; restart ${this.#restarts} in ${waitMs / 1000} s`);
      const outcome = await this.#startAfter(waitMs);
      if (outcome.process !== undefined) return outcome.process;
      why = outcome.why;
    }
    return undefined;
  }

  async #startAfter(waitMs: number): Promise<{ process: RunningProcess } | { process: undefined; why: string }> {
    try {
      await sleep(waitMs, undefined, { signal: this.#abort.signal });
      const process = await this.#plan.start(this.#abort.signal);
      this.#say(`${this.name} is ready again`);
      return { process };
    } catch (error) {
      // Stopped meanwhile, or it could not start: the caller tries again or ends.
      if (this.#abort.signal.aborted) return { process: undefined, why: 'was stopped' };
      if (error instanceof StartError) return { process: undefined, why: `could not be started again: ${error.message}` };
      throw error;
    }
  }
}

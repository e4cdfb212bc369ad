import { Worker } from 'node:worker_threads';
import { EngineError } from '../ports.ts';
import { messageOf } from '../../../shared/runtime/errors.ts';

/** How long a crashed engine's thread stays down before it is started again. */
const RESTART_AFTER_MS = 500;
/** A thread that was asked to end and does not is ended by force after this long. */
const END_WITHIN_MS = 5000;

export interface EngineThreadOptions<In, Out> {
  /** The compiled module to run, e.g. `new URL('./silero-thread.js', import.meta.url)`. */
  readonly script: URL;
  /** Structured-clonable settings, `workerData` inside the thread. */
  readonly settings: unknown;
  /** Has the thread end by itself. Ended by force while it is in native code, which then throws, it takes the whole process along. */
  readonly lastMessage?: In;
  readonly onMessage: (message: Out) => void;
  /** The thread died; everything posted before is lost. A new thread is on its way. */
  readonly onCrash: (error: EngineError) => void;
}

/** A CPU-heavy engine off the event loop: one thread that takes messages of type In, answers with Out, and is restarted when it dies. */
export class EngineThread<In, Out> {
  readonly #options: EngineThreadOptions<In, Out>;
  #state: { kind: 'up'; thread: Worker } | { kind: 'down'; restart: NodeJS.Timeout } | { kind: 'closed' };

  constructor(options: EngineThreadOptions<In, Out>) {
    this.#options = options;
    this.#state = { kind: 'up', thread: this.#start() };
  }

  /** Hands a message over; throws EngineError (retryable) while the thread is down. */
  post(message: In, transfer: readonly ArrayBuffer[] = []): void {
    if (this.#state.kind !== 'up') throw new EngineError('the engine thread is restarting', true);
    this.#state.thread.postMessage(message, [...transfer]);
  }

  /** Ends the thread; nothing is called back afterwards. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind === 'down') clearTimeout(state.restart);
    if (state.kind === 'up') await this.#end(state.thread);
  }

  async #end(thread: Worker): Promise<void> {
    const { lastMessage } = this.#options;
    if (lastMessage !== undefined) {
      const force = setTimeout(() => void thread.terminate(), END_WITHIN_MS);
      const exited = new Promise((resolve) => thread.once('exit', resolve));
      thread.postMessage(lastMessage);
      await exited;
      clearTimeout(force);
    }
    await thread.terminate();
  }

  #start(): Worker {
    const thread = new Worker(this.#options.script, { workerData: this.#options.settings });
    thread.on('message', (message: Out) => {
      if (this.#owns(thread)) this.#options.onMessage(message);
    });
    thread.on('error', (error: unknown) => this.#crashed(thread, error));
    thread.on('exit', (code) => this.#crashed(thread, new Error(`the engine thread exited with code ${code}`)));
    return thread;
  }

  #crashed(thread: Worker, cause: unknown): void {
    if (!this.#owns(thread)) return;
    const restart = setTimeout(() => {
      this.#state = { kind: 'up', thread: this.#start() };
    }, RESTART_AFTER_MS);
    this.#state = { kind: 'down', restart };
    const reason = messageOf(cause);
    this.#options.onCrash(new EngineError(`the engine thread died: ${reason}`, true, { cause }));
  }

  #owns(thread: Worker): boolean {
    return this.#state.kind === 'up' && this.#state.thread === thread;
  }
}

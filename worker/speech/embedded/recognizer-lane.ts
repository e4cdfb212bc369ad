import { EngineError } from '../ports.ts';
import type { Bias } from './bias-names.ts';
import { EngineThread } from './engine-thread.ts';
import type { BiasReport, RecognizerReply, RecognizerRequest, RecognizerThreadSettings, RecognizerWork } from './recognizer-messages.ts';

/** How soon a thread that is being restarted is tried again. */
const RETRY_MS = 100;

/** Work and who waits for its answer; exactly one of the two is called, and neither once it is cancelled. */
export interface RecognizerTask {
  readonly bias: Bias;
  readonly work: RecognizerWork;
  readonly onReply: (reply: RecognizerReply) => void;
  readonly onFailure: (error: EngineError) => void;
}

export interface RecognizerLaneOptions {
  readonly script: URL;
  readonly settings: RecognizerThreadSettings;
  readonly onOpened: (report: BiasReport) => void;
  readonly onCrash: (error: EngineError) => void;
}

type LaneState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'busy'; readonly task: RecognizerTask; readonly isCancelled: boolean }
  /** Its thread was found down. */
  | { readonly kind: 'down'; readonly retry: NodeJS.Timeout }
  | { readonly kind: 'closed' };

/** A recognizer thread, given one task at a time, and the biases it has open. */
export class RecognizerLane {
  readonly #thread: EngineThread<RecognizerRequest, RecognizerReply>;
  readonly #onOpened: (report: BiasReport) => void;
  readonly #onIdle: () => void;
  readonly #openBiases = new Set<string>();
  #state: LaneState = { kind: 'idle' };

  /** `onIdle` is called whenever it may take a task again. */
  constructor(options: RecognizerLaneOptions, onIdle: () => void) {
    this.#onOpened = options.onOpened;
    this.#onIdle = onIdle;
    this.#thread = new EngineThread({
      script: options.script,
      settings: options.settings,
      onMessage: (reply) => this.#heard(reply),
      onCrash: (error) => {
        options.onCrash(error);
        this.#openBiases.clear();
        this.#settle((task) => task.onFailure(error));
      },
    });
  }

  get isIdle(): boolean {
    return this.#state.kind === 'idle';
  }

  /** Whether its thread has the bias open. */
  has(bias: Bias): boolean {
    return this.#openBiases.has(bias.id);
  }

  /** Takes a task; false, and nothing of it is lost, where it is not idle or its thread is down. */
  start(task: RecognizerTask): boolean {
    if (this.#state.kind !== 'idle') return false;
    const { bias, work } = task;
    const known = { biasId: bias.id, work };
    try {
      this.#thread.post(this.has(bias) ? known : { ...known, phrases: bias.phrases }, work.kind === 'warm' ? [] : [work.samples.buffer]);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#state = { kind: 'down', retry: setTimeout(() => this.#becomeIdle(), RETRY_MS) };
      return false;
    }
    this.#state = { kind: 'busy', task, isCancelled: false };
    return true;
  }

  /** Forgets the task if it is in flight here: nothing of it is called afterwards. Its decoding cannot be stopped. */
  cancel(task: RecognizerTask): void {
    if (this.#state.kind === 'busy' && this.#state.task === task) this.#state = { ...this.#state, isCancelled: true };
  }

  /** Ends the thread; whoever waits is told. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind === 'down') clearTimeout(state.retry);
    if (state.kind === 'busy' && !state.isCancelled) state.task.onFailure(new EngineError('the recognizer is closed', false));
    await this.#thread.close();
  }

  #heard(reply: RecognizerReply): void {
    if (reply.kind === 'opened') {
      this.#openBiases.add(reply.biasId);
      this.#onOpened(reply.report);
    } else if (reply.kind === 'dropped') {
      this.#openBiases.delete(reply.biasId);
    } else {
      this.#settle((task) => task.onReply(reply));
    }
  }

  /** Takes what is in flight off and tells it, unless it is cancelled. */
  #settle(tell: (task: RecognizerTask) => void): void {
    const state = this.#state;
    if (state.kind !== 'busy') return;
    this.#state = { kind: 'idle' };
    if (!state.isCancelled) tell(state.task);
    this.#onIdle();
  }

  #becomeIdle(): void {
    this.#state = { kind: 'idle' };
    this.#onIdle();
  }
}

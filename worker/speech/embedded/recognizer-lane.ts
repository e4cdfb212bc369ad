import { EngineError } from '../ports.ts';
import { EngineThread } from './engine-thread.ts';
import type { BiasReport, RecognizerReply, RecognizerThreadSettings, RecognizerWork } from './recognizer-messages.ts';

/** Finals one lane lets wait; at a fifth of a second each, the last one is later than any caller waits. */
const MAX_WAITING_FINALS = 64;
/** Biases one lane lets wait to be made ready; beyond it the oldest is left to its first turn. */
const MAX_WAITING_WARMS = 16;
/** How soon work that waits for a crashed thread is offered again. */
const RETRY_MS = 100;

/** Work and who waits for its answer; exactly one of the two is called, and neither once it is cancelled. */
export interface RecognizerTask {
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

/**
 * A recognizer thread and what waits for it: one task at a time is in flight, finals before warms, and a partial only
 * when nothing is waiting, so that partials never delay by more than the one that is being decoded.
 */
export class RecognizerLane {
  readonly #thread: EngineThread<RecognizerWork, RecognizerReply>;
  readonly #onOpened: (report: BiasReport) => void;
  #finals: RecognizerTask[] = [];
  #warms: RecognizerTask[] = [];
  #inFlight: { task: RecognizerTask; cancelled: boolean } | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: RecognizerLaneOptions) {
    this.#onOpened = options.onOpened;
    this.#thread = new EngineThread({
      script: options.script,
      settings: options.settings,
      onMessage: (reply) => this.#answered(reply),
      onCrash: (error) => {
        options.onCrash(error);
        this.#crashed(error);
      },
    });
  }

  /** Tasks in flight or waiting. */
  get load(): number {
    return this.#finals.length + this.#warms.length + (this.#inFlight === undefined ? 0 : 1);
  }

  /** Takes a task. False where it has no room: too many finals, or a partial while anything else is to be done. */
  submit(task: RecognizerTask): boolean {
    if (task.work.kind === 'partial' && this.load > 0) return false;
    if (task.work.kind === 'warm') {
      // The last of equals stands for all: many sessions of one agent may start at once.
      this.#warms = [...this.#warms.filter(({ work }) => !samePhrases(work, task.work)), task].slice(-MAX_WAITING_WARMS);
    } else {
      if (this.#finals.length >= MAX_WAITING_FINALS) return false;
      this.#finals.push(task);
    }
    this.#next();
    return true;
  }

  /** Forgets a task; if it is in flight already, its answer. Nothing of it is called afterwards. */
  cancel(task: RecognizerTask): void {
    this.#finals = this.#finals.filter((waiting) => waiting !== task);
    if (this.#inFlight?.task === task) this.#inFlight.cancelled = true;
  }

  /** Ends the thread; whoever waits is told. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    const waiting = this.#finals.splice(0);
    this.#warms = [];
    const error = new EngineError('the recognizer is closed', false);
    this.#settle((task) => task.onFailure(error));
    for (const task of waiting) task.onFailure(error);
    await this.#thread.close();
  }

  #next(): void {
    if (this.#inFlight !== undefined) return;
    const task = this.#finals[0] ?? this.#warms[0];
    if (task === undefined) return;
    try {
      this.#thread.post(task.work, task.work.kind === 'warm' ? [] : [task.work.samples.buffer]);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#next(), RETRY_MS);
      return;
    }
    if (this.#finals.shift() === undefined) this.#warms.shift();
    this.#inFlight = { task, cancelled: false };
  }

  #answered(reply: RecognizerReply): void {
    if (reply.kind === 'opened') return this.#onOpened(reply.report);
    this.#settle((task) => task.onReply(reply));
    this.#next();
  }

  #crashed(error: EngineError): void {
    this.#settle((task) => task.onFailure(error));
    this.#next();
  }

  /** Takes what is in flight off and tells it, unless it is cancelled. */
  #settle(tell: (task: RecognizerTask) => void): void {
    const settled = this.#inFlight;
    this.#inFlight = undefined;
    if (settled?.cancelled === false) tell(settled.task);
  }
}

function samePhrases(one: RecognizerWork, other: RecognizerWork): boolean {
  return one.phrases.length === other.phrases.length && one.phrases.every((phrase, index) => phrase === other.phrases[index]);
}

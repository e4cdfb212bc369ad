import { EngineError } from '../ports.ts';
import { EngineThread } from './engine-thread.ts';
import type { FliteVoice } from './flite.ts';

/** One sentence on its way to a thread. */
export interface SynthesisJob {
  readonly id: number;
  readonly text: string;
  readonly voice: FliteVoice;
}

/** A thread's answer to one job. */
export type SynthesisResult =
  | { readonly id: number; readonly samples: Int16Array }
  | { readonly id: number; readonly failure: string };

export interface SynthesisPoolOptions {
  /** The compiled module of a thread that answers each SynthesisJob with one SynthesisResult. */
  readonly script: URL;
  readonly settings: unknown;
  readonly threads: number;
  /** Sentences that may wait for a thread; one more is refused. */
  readonly maxWaiting: number;
  readonly onCrash: (error: EngineError) => void;
}

/** How soon a sentence is offered again to a thread that is being restarted. */
const OFFER_AGAIN_MS = 100;

interface Pending {
  readonly job: SynthesisJob;
  /** Gives the samples, or undefined where they are no longer wanted. Only the first settling counts. */
  readonly resolve: (samples: Int16Array | undefined) => void;
  readonly reject: (error: EngineError) => void;
}

interface Seat {
  readonly thread: EngineThread<SynthesisJob, SynthesisResult>;
  /** What the thread works on: one sentence at a time, so that the next one goes to whichever is free first. */
  working: Pending | undefined;
}

/** Sentences waiting for a few threads: oldest first, a bounded number, each thread's death harming only its own sentence. */
export class SynthesisPool {
  readonly #maxWaiting: number;
  readonly #onCrash: (error: EngineError) => void;
  readonly #seats: readonly Seat[];
  readonly #waiting: Pending[] = [];
  #nextId = 0;
  #closed = false;
  #offerAgain: NodeJS.Timeout | undefined;

  constructor(options: SynthesisPoolOptions) {
    this.#maxWaiting = options.maxWaiting;
    this.#onCrash = options.onCrash;
    this.#seats = Array.from({ length: options.threads }, () => this.#seat(options));
  }

  /**
   * The samples of one sentence, or undefined when `signal` aborted first (waiting: it is never begun; begun: its result
   * is dropped). Rejects with EngineError: refused because too many wait, failed, its thread died, or the pool is closed.
   */
  async speak(text: string, voice: FliteVoice, signal: AbortSignal): Promise<Int16Array | undefined> {
    if (signal.aborted) return undefined;
    if (this.#closed) throw new EngineError('the synthesizer is closed', false);
    if (this.#waiting.length >= this.#maxWaiting) throw new EngineError(`${this.#maxWaiting} sentences wait for the synthesizer already`, true);
    const job: SynthesisJob = { id: this.#nextId++, text, voice };
    const abandon = (): void => this.#abandon(job.id);
    signal.addEventListener('abort', abandon, { once: true });
    try {
      return await new Promise<Int16Array | undefined>((resolve, reject) => {
        this.#waiting.push({ job, resolve, reject });
        this.#offer();
      });
    } finally {
      signal.removeEventListener('abort', abandon);
    }
  }

  /** Ends the threads; whatever is still wanted rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#offerAgain);
    const unfinished = [...this.#waiting.splice(0), ...this.#seats.flatMap((seat) => seat.working ?? [])];
    for (const pending of unfinished) pending.reject(new EngineError('the synthesizer is closed', false));
    await Promise.all(this.#seats.map((seat) => seat.thread.close()));
  }

  #seat(options: SynthesisPoolOptions): Seat {
    const seat: Seat = {
      thread: new EngineThread<SynthesisJob, SynthesisResult>({
        script: options.script,
        settings: options.settings,
        onMessage: (result) => this.#finished(seat, result),
        onCrash: (error) => this.#crashed(seat, error),
      }),
      working: undefined,
    };
    return seat;
  }

  #offer(): void {
    for (const seat of this.#seats) {
      if (seat.working !== undefined) continue;
      const pending = this.#waiting[0];
      if (pending === undefined) return;
      if (this.#begin(seat, pending)) this.#waiting.shift();
    }
  }

  #begin(seat: Seat, pending: Pending): boolean {
    try {
      seat.thread.post(pending.job);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      // The thread is being restarted and does not say when it is up: the sentence keeps its place and is offered again.
      this.#offerAgain ??= setTimeout(() => {
        this.#offerAgain = undefined;
        this.#offer();
      }, OFFER_AGAIN_MS);
      return false;
    }
    seat.working = pending;
    return true;
  }

  #finished(seat: Seat, result: SynthesisResult): void {
    const pending = seat.working;
    seat.working = undefined;
    if ('samples' in result) pending?.resolve(result.samples);
    else pending?.reject(new EngineError(`flite failed: ${result.failure}`, false));
    this.#offer();
  }

  #crashed(seat: Seat, error: EngineError): void {
    seat.working?.reject(error);
    seat.working = undefined;
    this.#onCrash(error);
    this.#offer();
  }

  #abandon(id: number): void {
    const place = this.#waiting.findIndex((pending) => pending.job.id === id);
    if (place >= 0) this.#waiting.splice(place, 1)[0]?.resolve(undefined);
    else this.#seats.find((seat) => seat.working?.job.id === id)?.working?.resolve(undefined);
  }
}

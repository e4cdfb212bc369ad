import { EngineError } from './speech/ports.ts';

/** What an engine owes within `deadlineMs`, or an EngineError. The engine is not stopped by it, only no longer waited for. */
export async function withinDeadline<T>(work: Promise<T>, deadlineMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new EngineError(`${what} took longer than ${deadlineMs} ms`, true)), deadlineMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The pieces of an engine's stream, each within `deadlineMs` of asking for it, else EngineError. Ends as soon as `signal`
 * aborts, whether or not the engine heeds it: one that hangs holds up nobody.
 */
export function chunksWithin<T>(stream: AsyncIterable<T>, signal: AbortSignal, deadlineMs: number, what: string): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => new ChunksWithin(stream[Symbol.asyncIterator](), signal, deadlineMs, what) };
}

type Chunk<T> = IteratorResult<T, undefined>;
const END = { done: true, value: undefined } as const;

/** Speech comes in pieces of a frame: one timer and one listener for all of them, and one promise a piece. */
class ChunksWithin<T> implements AsyncIterator<T, undefined> {
  readonly #pieces: AsyncIterator<T>;
  readonly #signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  /** Those of whoever waits for the next piece; of the last one otherwise, which is settled. */
  #resolve: (chunk: Chunk<T>) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #state: 'idle' | 'waiting' | 'over' = 'idle';

  constructor(pieces: AsyncIterator<T>, signal: AbortSignal, deadlineMs: number, what: string) {
    this.#pieces = pieces;
    this.#signal = signal;
    // Whoever takes their time with a piece is not kept waiting.
    this.#timer = setTimeout(() => this.#state === 'waiting' && this.#failed(new EngineError(`${what} took longer than ${deadlineMs} ms`, true)), deadlineMs);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#finish();
  }

  next(): Promise<Chunk<T>> {
    if (this.#state === 'over') return this.return();
    this.#state = 'waiting';
    this.#timer.refresh();
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      try {
        this.#pieces.next().then(this.#onPiece, this.#onFailure);
      } catch (error) {
        this.#failed(error);
      }
    });
  }

  return(): Promise<Chunk<T>> {
    this.#finish();
    return Promise.resolve(END);
  }

  #finish(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
    // Not waited for: an engine that hangs would never say that it has stopped. What it still throws concerns nobody.
    void this.#pieces.return?.().catch(() => undefined);
  }

  #failed(error: unknown): void {
    this.#finish();
    this.#reject(error);
  }

  readonly #onPiece = (next: IteratorResult<T>): void => {
    if (next.done === true) this.#finish();
    else if (this.#state === 'waiting') this.#state = 'idle';
    this.#resolve(next.done === true ? END : next);
  };

  readonly #onFailure = (error: unknown): void => this.#failed(error);

  readonly #onAbort = (): void => {
    this.#finish();
    this.#resolve(END);
  };
}

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
  return { [Symbol.asyncIterator]: () => new ChunksWithin(stream, signal, deadlineMs, what) };
}

/**
 * Hands each piece of an engine's stream to `take`, and waits for what that answers before it asks for the next one. The same as
 * `chunksWithin`, for pieces that come by the frame: nothing is awaited that is not to be waited for. Rejects with what `take` throws too.
 */
export function takeWithin<T>(stream: AsyncIterable<T>, signal: AbortSignal, deadlineMs: number, what: string, take: (piece: T) => Promise<void> | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const pieces: Pieces<T> = new Pieces(stream, signal, deadlineMs, what, { onEnd: resolve, onFailure: reject, onPiece: (piece) => {
      try {
        const taking = take(piece);
        if (taking === undefined) pieces.ask();
        else taking.then(ask, fail);
      } catch (error) {
        pieces.fail(error);
      }
    } });
    const ask = (): void => pieces.ask();
    const fail = (error: unknown): void => pieces.fail(error);
    pieces.ask();
  });
}

interface PieceListener<T> {
  onPiece(piece: T): void;
  /** Nothing more comes; called once for each `ask` that is not answered otherwise. */
  onEnd(): void;
  onFailure(error: unknown): void;
}

/** A stream that is asked piece by piece: one timer and one listener for all of them, and no promise but the stream's own. */
class Pieces<T> {
  readonly #pieces: AsyncIterator<T>;
  readonly #signal: AbortSignal;
  readonly #listener: PieceListener<T>;
  readonly #timer: NodeJS.Timeout;
  #state: 'idle' | 'waiting' | 'over' = 'idle';

  constructor(stream: AsyncIterable<T>, signal: AbortSignal, deadlineMs: number, what: string, listener: PieceListener<T>) {
    this.#pieces = stream[Symbol.asyncIterator]();
    this.#signal = signal;
    this.#listener = listener;
    // Whoever takes their time with a piece is not kept waiting.
    this.#timer = setTimeout(() => this.#state === 'waiting' && this.fail(new EngineError(`${what} took longer than ${deadlineMs} ms`, true)), deadlineMs);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.finish();
  }

  /** Asks for the next piece; not to be called while one is awaited. */
  ask(): void {
    if (this.#state === 'over') return this.#listener.onEnd();
    this.#state = 'waiting';
    this.#timer.refresh();
    try {
      this.#pieces.next().then(this.#onPiece, this.#onFailure);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Stops the stream, whoever waits for it or not. */
  finish(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
    // Not waited for: an engine that hangs would never say that it has stopped. What it still throws concerns nobody.
    void this.#pieces.return?.().catch(() => undefined);
  }

  /** Stops the stream because of this. */
  fail(error: unknown): void {
    this.finish();
    this.#listener.onFailure(error);
  }

  readonly #onPiece = (next: IteratorResult<T>): void => {
    if (this.#state !== 'waiting') return;
    if (next.done === true) {
      this.finish();
      return this.#listener.onEnd();
    }
    this.#state = 'idle';
    this.#listener.onPiece(next.value);
  };

  readonly #onFailure = (error: unknown): void => {
    if (this.#state === 'waiting') this.fail(error);
  };

  readonly #onAbort = (): void => {
    const isAwaited = this.#state === 'waiting';
    this.finish();
    if (isAwaited) this.#listener.onEnd();
  };
}

type Chunk<T> = IteratorResult<T, undefined>;
const END = { done: true, value: undefined } as const;

/** Pieces for whoever asks for them one by one. */
class ChunksWithin<T> implements AsyncIterator<T, undefined> {
  readonly #pieces: Pieces<T>;
  /** Those of whoever waits for the next piece; of the last one otherwise, which is settled. */
  #resolve: (chunk: Chunk<T>) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(stream: AsyncIterable<T>, signal: AbortSignal, deadlineMs: number, what: string) {
    this.#pieces = new Pieces(stream, signal, deadlineMs, what, {
      onPiece: (value) => this.#resolve({ done: false, value }),
      onEnd: () => this.#resolve(END),
      onFailure: (error) => this.#reject(error),
    });
  }

  next(): Promise<Chunk<T>> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#pieces.ask();
    });
  }

  return(): Promise<Chunk<T>> {
    this.#pieces.finish();
    return Promise.resolve(END);
  }
}

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

/** Speech comes in pieces of a frame: one timer and one listener for all of them, and no promise that gathers waiters. */
class ChunksWithin<T> implements AsyncIterator<T, undefined> {
  readonly #pieces: AsyncIterator<T>;
  readonly #signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  /** Who waits for the next piece. */
  #waiting: { readonly resolve: (chunk: Chunk<T>) => void; readonly reject: (error: unknown) => void } | undefined;
  #isOver = false;

  constructor(pieces: AsyncIterator<T>, signal: AbortSignal, deadlineMs: number, what: string) {
    this.#pieces = pieces;
    this.#signal = signal;
    this.#timer = setTimeout(() => this.#waiting?.reject(new EngineError(`${what} took longer than ${deadlineMs} ms`, true)), deadlineMs);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  async next(): Promise<Chunk<T>> {
    if (this.#isOver || this.#signal.aborted) return this.return();
    this.#timer.refresh();
    try {
      const next = await this.#piece();
      return next.done === true ? await this.return() : next;
    } catch (error) {
      await this.return();
      throw error;
    } finally {
      this.#waiting = undefined;
    }
  }

  async return(): Promise<Chunk<T>> {
    if (this.#isOver) return END;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
    // Not waited for: an engine that hangs would never say that it has stopped. What it still throws concerns nobody.
    void this.#pieces.return?.().catch(() => undefined);
    return END;
  }

  #piece(): Promise<Chunk<T>> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#pieces.next().then((next) => resolve(next.done === true ? END : next), reject);
    });
  }

  readonly #onAbort = (): void => this.#waiting?.resolve(END);
}

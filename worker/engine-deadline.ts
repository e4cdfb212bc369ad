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
export async function* chunksWithin<T>(stream: AsyncIterable<T>, signal: AbortSignal, deadlineMs: number, what: string): AsyncGenerator<T> {
  const iterator = stream[Symbol.asyncIterator]();
  const aborted = abortOf(signal);
  try {
    for (;;) {
      const next = await withinDeadline(Promise.race([iterator.next(), aborted.happened]), deadlineMs, what);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    aborted.forget();
    // Not waited for: an engine that hangs would never say that it has stopped. What it still throws concerns nobody.
    void iterator.return?.().catch(() => undefined);
  }
}

function abortOf(signal: AbortSignal): { readonly happened: Promise<IteratorReturnResult<undefined>>; readonly forget: () => void } {
  const end = { done: true, value: undefined } as const;
  let onAbort = (): void => undefined;
  const happened = new Promise<IteratorReturnResult<undefined>>((resolve) => {
    onAbort = () => resolve(end);
    if (signal.aborted) resolve(end);
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  return { happened, forget: () => signal.removeEventListener('abort', onAbort) };
}

import { after } from 'node:test';

/** How long one fact of a contract may take to show: engines that load models start slowly on a busy machine. */
export const CONFORMANCE_TIMEOUT_MS = 60_000;

/** The one engine of a suite: made on the first ask, closed after the last test. Call it inside `describe`. */
export function sharedEngine<T extends { close(): Promise<void> }>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  after(async () => {
    if (made !== undefined) await (await made).close();
  });
  return () => (made ??= make());
}

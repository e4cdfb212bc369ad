import type { Logger } from './log.ts';

/** What is left of a process that drained in time: its own connections and servers. More than this is a stop that is stuck. */
const STOP_MS = 5000;

/**
 * Resolves at the first SIGTERM or SIGINT, the wish to drain. A second one ends the process at once with exit code 1, and so
 * does a stop that is not over `STOP_MS` after the time for draining (`drainDeadlineMs`): whatever it is stuck in.
 */
export async function terminationSignal(log: Logger, drainDeadlineMs: number): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isFirst = true;
    const onSignal = (signal: NodeJS.Signals): void => {
      log.info({ signal }, isFirst ? 'asked to stop' : 'asked again: stopping at once');
      if (!isFirst) process.exit(1);
      isFirst = false;
      const forceAfterMs = drainDeadlineMs + STOP_MS;
      setTimeout(() => {
        log.error({ forceAfterMs }, 'the stop is stuck: stopping at once');
        process.exit(1);
      }, forceAfterMs).unref();
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

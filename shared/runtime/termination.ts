import type { Logger } from './log.ts';

/** Resolves at the first SIGTERM or SIGINT, the wish to drain; a second one ends the process at once with exit code 1. */
export async function terminationSignal(log: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isFirst = true;
    const onSignal = (signal: NodeJS.Signals): void => {
      log.info({ signal }, isFirst ? 'asked to stop' : 'asked again: stopping at once');
      if (!isFirst) process.exit(1);
      isFirst = false;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

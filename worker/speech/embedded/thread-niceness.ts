import { getPriority, setPriority } from 'node:os';

/** Each step takes a fifth of the weight away (sched(7)): a third of an equal share is left where cores are short, all of them where not. */
const NICENESS = 5;

/**
 * Lets the process's event loop go before the calling thread: it carries the audio of every caller, a decoder makes one wait.
 * To be called inside of a worker thread. On Linux, where niceness belongs to threads; elsewhere it is the process's and left alone.
 */
export function yieldToAudio(): void {
  if (process.platform !== 'linux') return;
  try {
    if (getPriority(0) < NICENESS) setPriority(0, NICENESS);
  } catch {
    // A sandbox may refuse it: the thread then takes its equal share, and does all the same work.
  }
}

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** About a tenth of an equal share, where others want the cores; all of them where nobody does. */
const STARTING_NICENESS = 10;
/** The kernel takes one change in a tenth of a second from those without privileges. */
const AGAIN_AFTER_MS = 150;

/**
 * Lets every other process of this machine go before this one, which leads a session of its own, and all of its threads. Answers
 * how to end that, which resolves once it is done or the process is gone. By Linux' autogroups (sched(7)), which the unprivileged
 * may set back too, unlike a niceness; nothing where there are none. In a container it is the limits of the container that count.
 */
export function yieldToOthers(pid: number): () => Promise<void> {
  if (setNiceness(pid, STARTING_NICENESS) !== 'set') return () => Promise.resolve();
  return async () => {
    while (setNiceness(pid, 0) === 'later') await sleep(AGAIN_AFTER_MS);
  };
}

function setNiceness(pid: number, niceness: number): 'set' | 'later' | 'never' {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(niceness));
    return 'set';
  } catch (error) {
    // The process may be gone, the kernel without autogroups, the file not to be written: all of that stays so.
    return error instanceof Error && 'code' in error && error.code === 'EAGAIN' ? 'later' : 'never';
  }
}

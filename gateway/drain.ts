import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../shared/runtime/clock.ts';
import type { Lifecycle } from '../shared/runtime/lifecycle.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { Connections } from './connections.ts';

const CHECK_EVERY_MS = 50;
/** For the close frames of those who had to leave. */
const FAREWELL_MS = 250;

export interface DrainOptions {
  readonly lifecycle: Lifecycle;
  readonly connections: Connections;
  readonly deadlineMs: number;
  readonly log: Logger;
}

/**
 * Lets calls end: takes nothing new (`draining` makes readiness false and upgrades 503), waits until the last caller has hung
 * up or the deadline is over, and closes who is left then with 1012.
 */
export async function drain({ lifecycle, connections, deadlineMs, log }: DrainOptions): Promise<void> {
  if (!lifecycle.enter('draining')) return;
  const startedMs = nowMs();
  const connectionsAtStart = connections.count;
  log.info({ connections: connectionsAtStart, deadlineMs }, 'draining');
  while (connections.count > 0 && nowMs() - startedMs < deadlineMs) await sleep(CHECK_EVERY_MS);
  const sentAway = connections.count;
  if (sentAway > 0) {
    connections.leaveAll('restarting');
    await sleep(FAREWELL_MS);
  }
  log.info({ connectionsAtStart, sentAway, durationMs: Math.round(nowMs() - startedMs) }, 'drained');
}

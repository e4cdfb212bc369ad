import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { Seat } from './seat.ts';
import type { Sessions } from './sessions.ts';

/** How often it is looked whether a session has come to a turn boundary. */
const LOOK_EVERY_MS = 50;

export interface DrainOptions {
  readonly sessions: Sessions;
  readonly handoffAfterMs: number;
  readonly deadlineMs: number;
  readonly log: Logger;
}

/** Hands every session off, once nothing more is claimed: at its next turn boundary, or where it stands after `handoffAfterMs`. */
export async function drainWorker({ sessions, handoffAfterMs, deadlineMs, log }: DrainOptions): Promise<void> {
  const startedMs = nowMs();
  const forceAtMs = startedMs + Math.min(handoffAfterMs, deadlineMs);
  log.info({ sessions: sessions.used }, 'draining');
  let handedOff = 0;
  let interrupted = 0;
  while (sessions.used > 0 && nowMs() - startedMs < deadlineMs) {
    const isForced = nowMs() >= forceAtMs;
    const due = sessions.seats().filter((seat) => isForced || mayLeave(seat));
    interrupted += due.filter((seat) => !mayLeave(seat)).length;
    await Promise.all(due.map((seat) => sessions.handOff(seat)));
    handedOff += due.length;
    if (sessions.used > 0) await sleep(LOOK_EVERY_MS);
  }
  log.info({ handedOff, interrupted, left: sessions.used, tookMs: Math.round(nowMs() - startedMs) }, 'drained');
}

/** Nobody is in the middle of anything, or nobody is there. */
function mayLeave(seat: Seat): boolean {
  return seat.session.isAtTurnBoundary || seat.grace !== undefined;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { Claims } from './claims.ts';
import type { Seat } from './seat.ts';
import type { Sessions } from './sessions.ts';

/** How often it is looked whether a session has come to a turn boundary. */
const LOOK_EVERY_MS = 50;
/**
 * A caller who was away for so long is not just on the way to another gateway. One who is comes back to this worker, which alone
 * knows how far they have heard the reply under way: handed off before, it would be said again from its beginning.
 */
const AWAY_MS = 2000;

export interface DrainOptions {
  /** Closed already; what was being claimed by then becomes a session yet. */
  readonly claims: Pick<Claims, 'used'>;
  readonly sessions: Sessions;
  readonly handoffAfterMs: number;
  readonly deadlineMs: number;
  readonly log: Logger;
}

/**
 * Hands every session off, once nothing more is claimed: at its next turn boundary, or where it stands after
 * `handoffAfterMs` if its caller is there, each without waiting for the others. Resolves when all are given up, or at the deadline; what is left then
 * is found lost by its gateway. What was done is one log line.
 */
export async function drainWorker({ claims, sessions, handoffAfterMs, deadlineMs, log }: DrainOptions): Promise<void> {
  const startedMs = nowMs();
  const tally = { sessionsAtStart: sessions.used, atTurnBoundary: 0, interrupted: 0 };
  log.info({ sessions: sessions.used, handoffAfterMs, deadlineMs }, 'draining');
  const leaving = new Map<Seat, Promise<void>>();
  const absences = new Absent();
  const passedMs = (): number => nowMs() - startedMs;
  while (claims.used > 0 && passedMs() < deadlineMs) {
    for (const seat of sessions.seats()) {
      const awayMs = absences.awayMs(seat, nowMs());
      const isInOrder = seat.session.isAtTurnBoundary || awayMs >= AWAY_MS;
      if (leaving.has(seat) || !(isInOrder || (passedMs() >= handoffAfterMs && awayMs === 0))) continue;
      tally[isInOrder ? 'atTurnBoundary' : 'interrupted'] += 1;
      leaving.set(seat, handOff(sessions, seat, log));
    }
    await sleep(LOOK_EVERY_MS);
  }
  // A seat is free before its lease is returned and its gateway told.
  await Promise.race([Promise.all(leaving.values()), sleep(Math.max(0, deadlineMs - passedMs()), undefined, { ref: false })]);
  log.info({ ...tally, left: sessions.used, durationMs: Math.round(passedMs()) }, 'drained');
}

async function handOff(sessions: Sessions, seat: Seat, log: Logger): Promise<void> {
  try {
    await sessions.handOff(seat);
  } catch (error) {
    log.error({ err: error, sessionId: seat.session.lease.sessionId }, 'a session could not be handed off');
  }
}

/** Since when callers are away, as far as a draining worker has seen it. */
class Absent {
  readonly #since = new WeakMap<Seat, number>();

  /** How long this one is away by now; 0 for one who is there. */
  awayMs(seat: Seat, now: number): number {
    if (seat.grace === undefined) {
      this.#since.delete(seat);
      return 0;
    }
    const since = this.#since.get(seat) ?? now;
    this.#since.set(seat, since);
    return Math.max(1, now - since);
  }
}

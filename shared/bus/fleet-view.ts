import { HEARTBEAT_INTERVAL_MS, type WorkerHeartbeat } from '../protocol/heartbeat.ts';

/** A worker not heard for longer than this is not asked first: it may stand still. */
const FRESH_MS = 2.5 * HEARTBEAT_INTERVAL_MS;

/** What one process knows of all workers, folded from heartbeats. Time is an argument. */
export class FleetView {
  readonly #lostAfterMs: number;
  readonly #workers = new Map<string, { heartbeat: WorkerHeartbeat; seenAtMs: number }>();

  /** A worker that was silent for `lostAfterMs` is lost. */
  constructor(lostAfterMs: number) {
    this.#lostAfterMs = lostAfterMs;
  }

  /** Takes in one heartbeat. */
  hear(heartbeat: WorkerHeartbeat, nowMs: number): void {
    this.#workers.set(heartbeat.workerId, { heartbeat, seenAtMs: nowMs });
  }

  /** Forgets a worker known to be gone. */
  forget(workerId: string): void {
    this.#workers.delete(workerId);
  }

  /** The ids of workers that fell silent since the last call; each is named once and forgotten. */
  takeLost(nowMs: number): readonly string[] {
    const lost = this.silent(nowMs);
    for (const workerId of lost) this.#workers.delete(workerId);
    return lost;
  }

  /** The ids of known workers that have been silent for too long. */
  silent(nowMs: number): readonly string[] {
    return [...this.#workers].filter(([, { seenAtMs }]) => nowMs - seenAtMs > this.#lostAfterMs).map(([workerId]) => workerId);
  }

  /** When a worker was last heard; undefined where it never was, or is forgotten. */
  heardAtMs(workerId: string): number | undefined {
    return this.#workers.get(workerId)?.seenAtMs;
  }

  /** The newest heartbeat of every known worker. */
  heartbeats(): readonly WorkerHeartbeat[] {
    return [...this.#workers.values()].map(({ heartbeat }) => heartbeat);
  }

  /**
   * The less used of two workers drawn among those that take sessions, which keeps a fleet even without sending everybody to
   * the same one; undefined where there is nothing to choose. `random` answers from 0 up to 1.
   */
  lighter(nowMs: number, random: () => number): string | undefined {
    const ready = [...this.#workers.values()].filter(({ heartbeat, seenAtMs }) => heartbeat.state === 'ready' && nowMs - seenAtMs <= FRESH_MS);
    if (ready.length < 2) return undefined;
    const first = Math.floor(random() * ready.length);
    const second = (first + 1 + Math.floor(random() * (ready.length - 1))) % ready.length;
    const [one, other] = [ready[first]?.heartbeat, ready[second]?.heartbeat];
    if (one === undefined || other === undefined) return undefined;
    return usedPart(one) <= usedPart(other) ? one.workerId : other.workerId;
  }

  /** Workers that take sessions, and their slots together. */
  totals(): { readonly workers: number; readonly slotsUsed: number; readonly slotsTotal: number } {
    const ready = this.heartbeats().filter(({ state }) => state === 'ready');
    return {
      workers: ready.length,
      slotsUsed: ready.reduce((sum, { slotsUsed }) => sum + slotsUsed, 0),
      slotsTotal: ready.reduce((sum, { slotsTotal }) => sum + slotsTotal, 0),
    };
  }
}

function usedPart({ slotsUsed, slotsTotal }: WorkerHeartbeat): number {
  return slotsUsed / Math.max(1, slotsTotal);
}

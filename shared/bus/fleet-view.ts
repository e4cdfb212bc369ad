import type { WorkerHeartbeat } from '../protocol/heartbeat.ts';

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

import { nowMs } from '../shared/runtime/clock.ts';
import { VoxError } from '../shared/runtime/errors.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { LeaseWrite, SessionStore } from '../shared/session/store.ts';
import type { WorkerMetrics } from './metrics.ts';
import type { Seat } from './seat.ts';

/** Leases are renewed about so many times before they run out. */
const RENEWALS_PER_LEASE = 3;
/** It is looked so often within one renewal's time who is due. */
const LOOKS_PER_RENEWAL = 20;
/** Part of the time between two renewals that is drawn: sessions claimed in one moment are not renewed in one moment for ever. */
const SPREAD = 0.3;
/** A process that stood still for this long may have been taken for dead. */
const FROZEN_MS = 1000;
/** Within this time a process that stood still looks which of its leases it has lost. */
const WAKE_SPREAD_MS = 500;

export interface RenewalsOptions {
  readonly store: SessionStore;
  readonly leaseMs: number;
  readonly seats: () => Iterable<Seat>;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
  readonly listener: RenewalsListener;
}

export interface RenewalsListener {
  /** Called with each seat about three times a lease, as it is renewed. */
  onDue(seat: Seat): void;
  /** The lease is somebody else's, or the session is over. */
  onLost(seat: Seat): void;
}

/** Keeps the leases of all seats, each at a time of its own. */
export class Renewals {
  readonly #options: RenewalsOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Seat>();
  readonly #everyMs: number;
  #lookedAtMs = nowMs();

  constructor(options: RenewalsOptions) {
    this.#options = options;
    this.#everyMs = options.leaseMs / RENEWALS_PER_LEASE;
    this.#timer = setInterval(() => this.#look(), this.#everyMs / LOOKS_PER_RENEWAL);
  }

  /** When a seat's lease, renewed or taken now, is renewed next. */
  nextMs(): number {
    return nowMs() + this.#everyMs * (1 - SPREAD * Math.random());
  }

  /** Renews nothing any more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = nowMs();
    const hasStoodStill = now - this.#lookedAtMs > FROZEN_MS + this.#everyMs / LOOKS_PER_RENEWAL;
    this.#lookedAtMs = now;
    for (const seat of this.#options.seats()) {
      if (hasStoodStill) seat.renewAtMs = now + WAKE_SPREAD_MS * Math.random();
      if (seat.renewAtMs > now || this.#underWay.has(seat)) continue;
      seat.renewAtMs = this.nextMs();
      this.#options.listener.onDue(seat);
      this.#underWay.add(seat);
      void this.#renew(seat)
        .catch((error: unknown) => this.#options.log.error({ err: error }, 'renewing a lease failed'))
        .finally(() => this.#underWay.delete(seat));
    }
  }

  /** Without Redis nobody can claim, so an owner goes on; with it, a lease that is somebody else's is final. */
  async #renew(seat: Seat): Promise<void> {
    const { metrics, log, listener } = this.#options;
    const { lease } = seat.session;
    const answer = await this.#ask(seat);
    if (answer === 'lost') listener.onLost(seat);
    if (answer !== 'behind') return;
    metrics.recordsRestored.inc();
    log.warn({ sessionId: lease.sessionId, fence: lease.fence }, 'the record of a session is behind: it is written anew');
    await seat.session.restoreRecord();
  }

  async #ask({ session }: Seat): Promise<LeaseWrite> {
    try {
      return await this.#options.store.renew(session.lease, session.progress.commitNo);
    } catch (error) {
      if (!(error instanceof VoxError)) throw error;
      this.#options.log.warn({ err: error }, 'a lease could not be renewed');
      return 'ours';
    }
  }
}

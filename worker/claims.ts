import type { Bus, BusMessage, BusSubscription } from '../shared/bus/bus.ts';
import { attachSubject, CLAIM_QUEUE, claimSubject } from '../shared/bus/subjects.ts';
import type { ClaimReply, ClaimRequest } from '../shared/protocol/claim.ts';
import { GRANTED_LANES, type GrantedLane } from '../shared/protocol/lane.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import { VoxError } from '../shared/runtime/errors.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { SessionStore } from '../shared/session/store.ts';
import { claimDoubt } from './claim-doubt.ts';
import type { WorkerMetrics } from './metrics.ts';
import type { Seat } from './seat.ts';
import type { Sessions } from './sessions.ts';
import { knownItems } from './turn/history.ts';

/** The share of a worker's slots that sessions of a lane may fill. */
const LANE_SHARE: Readonly<Record<GrantedLane, number>> = { urgent: 1, normal: 0.95, bulk: 0.8 };

export interface ClaimsOptions {
  readonly bus: Bus;
  readonly store: SessionStore;
  readonly sessions: Sessions;
  readonly workerId: string;
  readonly slots: number;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
}

/** How sessions come to this worker: by claim while it has a free slot, or because it holds them already. */
export class Claims {
  readonly #options: ClaimsOptions;
  readonly #subscriptions = new Map<GrantedLane, BusSubscription>();
  readonly #attaching: BusSubscription;
  readonly #underWay = new Map<string, Promise<ClaimReply>>();
  #isOpen = false;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.#attaching = options.bus.subscribe(attachSubject(options.workerId), (message) => this.#onRequest(message));
    options.sessions.onFreed(() => this.#adjust());
  }

  /** Slots taken, claims under way included. */
  get used(): number {
    return this.#options.sessions.used + this.#underWay.size;
  }

  /** Takes claims from now on, as far as slots are free. */
  open(): void {
    this.#isOpen = true;
    this.#adjust();
  }

  /** Claims nothing more. */
  close(): void {
    this.#isOpen = false;
    this.#adjust();
  }

  /** Hears no requests any more. */
  stop(): void {
    this.close();
    this.#attaching.stop();
  }

  /** A worker subscribes to a lane's claims only while it has a slot for them: a full fleet has no responders. */
  #adjust(): void {
    const { bus } = this.#options;
    for (const lane of GRANTED_LANES) {
      const wants = this.#isOpen && this.#hasRoom(lane);
      const subscription = this.#subscriptions.get(lane);
      if (wants && subscription === undefined) {
        this.#subscriptions.set(lane, bus.subscribe(claimSubject(lane), (message) => this.#onRequest(message), CLAIM_QUEUE));
      } else if (!wants && subscription !== undefined) {
        subscription.stop();
        this.#subscriptions.delete(lane);
      }
    }
  }

  #hasRoom(lane: GrantedLane): boolean {
    return this.used < Math.ceil(this.#options.slots * LANE_SHARE[lane]);
  }

  #onRequest(message: BusMessage): void {
    const request = unpack<ClaimRequest>(message.data);
    if (request === undefined) return;
    const answered = this.#answer(request).then((reply) => {
      this.#options.metrics.claims.inc({ outcome: reply.ok ? 'claimed' : reply.reason });
      message.respond(pack(reply));
    });
    void answered.catch((error: unknown) => this.#options.log.error({ err: error }, 'a claim failed'));
  }

  async #answer(request: ClaimRequest): Promise<ClaimReply> {
    const { sessions } = this.#options;
    const { sessionId, lane } = request;
    await this.#dropIfLost(request);
    // A gateway that lost patience asks again: the claim under way is waited for, then it attaches like anybody.
    for (let underWay = this.#underWay.get(sessionId); underWay !== undefined; underWay = this.#underWay.get(sessionId)) await underWay;
    const held = sessions.of(sessionId);
    if (held !== undefined) return sessions.attach(held, request) ? claimed(held, request) : { ok: false, reason: 'replaced' };
    if (!this.#isOpen || !this.#hasRoom(lane)) return { ok: false, reason: 'full' };
    return this.#take(request);
  }

  /** What is held here of the session is given up where the claim shows that it is another worker's by now. */
  async #dropIfLost(request: ClaimRequest): Promise<void> {
    const { sessions } = this.#options;
    const held = sessions.of(request.sessionId);
    if (held === undefined) return;
    const doubt = claimDoubt(held.session.lease, request);
    if (doubt === 'lost' || (doubt === 'doubted' && (await this.#isLost(held)))) sessions.drop(held, request);
  }

  async #isLost({ session }: Seat): Promise<boolean> {
    const { store, log } = this.#options;
    try {
      return (await store.renew(session.lease, session.progress.commitNo)) === 'lost';
    } catch (error) {
      // As with any renewal: an owner that cannot ask goes on.
      log.warn({ err: error }, 'a lease that is doubted could not be renewed');
      return false;
    }
  }

  #take(request: ClaimRequest): Promise<ClaimReply> {
    const { sessionId } = request;
    const taking = this.#claim(request).finally(() => {
      this.#underWay.delete(sessionId);
      this.#adjust();
    });
    this.#underWay.set(sessionId, taking);
    this.#adjust();
    return taking;
  }

  async #claim(request: ClaimRequest): Promise<ClaimReply> {
    const { store, workerId, sessions, metrics } = this.#options;
    const { sessionId, lost, seenFence } = request;
    try {
      const claim = await store.claim(sessionId, workerId, { lost, seenFence, connectionNo: connectionNoOf(request) });
      if (claim.outcome === 'held') return { ok: false, reason: 'held', owner: { workerId: claim.workerId, fence: claim.fence } };
      if (claim.outcome === 'replaced') return { ok: false, reason: 'replaced' };
      if (claim.outcome === 'ended') return { ok: false, reason: 'session_ended' };
      if (claim.outcome === 'not_found') return { ok: false, reason: 'session_not_found' };
      const items = await store.items(sessionId);
      metrics.unknownItems.inc(items.length - knownItems(items).length);
      const lease = { sessionId, workerId, fence: claim.fence };
      return claimed(sessions.seat(request, lease, claim, items), request);
    } catch (error) {
      if (error instanceof VoxError && error.code === 'store_unavailable') return { ok: false, reason: 'store_unavailable' };
      throw error;
    }
  }
}

/** Gateways one version older do not number connections: 0. */
function connectionNoOf({ connectionNo }: ClaimRequest): number {
  return Number.isFinite(connectionNo) ? connectionNo : 0;
}

function claimed({ slot, inbox, session }: Seat, { seenEgressSeq }: ClaimRequest): ClaimReply {
  const { lease, committedIngressSeq } = session;
  const delivered = session.egress.deliveredAt(seenEgressSeq);
  return {
    ok: true, workerId: lease.workerId, fence: lease.fence, workerSlot: slot, committedIngressSeq, receivedIngressSeq: inbox.newest,
    ...(delivered === undefined ? {} : { delivered }),
  };
}

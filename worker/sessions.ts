import { BusError, type Bus, type BusMessage, type BusSubscription } from '../shared/bus/bus.ts';
import { checkSubject, endSubject } from '../shared/bus/subjects.ts';
import type { EndedBody } from '../shared/protocol/agent-event.ts';
import type { ClaimRequest, ConnectionCheck, ConnectionCheckReply, EndRequest } from '../shared/protocol/claim.ts';
import { ENVELOPE_TYPE } from '../shared/protocol/envelope.ts';
import { SlotTable } from '../shared/protocol/slot-table.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import type { SessionConfig } from '../shared/protocol/agent-config.ts';
import { nowMs } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/log.ts';
import { VoxError } from '../shared/runtime/errors.ts';
import type { ConversationItem } from '../shared/session/record.ts';
import type { Lease, Progress, SessionStore } from '../shared/session/store.ts';
import { SessionEgress, type Egress, type GatewayAddress } from './egress.ts';
import { Inbox } from './inbox.ts';
import type { WorkerMetrics } from './metrics.ts';
import type { Session, SessionListener } from './session.ts';

/** How long a gateway has for answering whether it holds a connection. */
const CHECK_TIMEOUT_MS = 1000;

/** One slot in use. */
export interface Seat {
  /** Its number, known once it is seated. */
  slot: number;
  readonly session: Session;
  readonly inbox: Inbox;
  toldOfShedAtMs: number;
  /** When its gateway was last heard of. */
  heardAtMs: number;
  /** Runs while the caller is not connected. */
  grace: NodeJS.Timeout | undefined;
}

/** What a claimed session is made of. */
export interface ClaimedSession {
  readonly config: SessionConfig;
  readonly lease: Lease;
  readonly progress: Progress;
  readonly items: readonly ConversationItem[];
  readonly egress: SessionEgress;
  readonly listening: boolean;
  readonly listener: SessionListener;
}

export interface SessionsOptions {
  readonly bus: Bus;
  readonly store: SessionStore;
  readonly egress: Egress;
  readonly workerId: string;
  readonly leaseMs: number;
  readonly reconnectGraceMs: number;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
  readonly makeSession: (claimed: ClaimedSession) => Session;
}

/** The sessions this worker owns: kept by lease, given back or ended. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #seats = new SlotTable<Seat>();
  readonly #bySession = new Map<string, Seat>();
  readonly #endings: BusSubscription;
  readonly #renewal: NodeJS.Timeout;
  readonly #freed: (() => void)[] = [];

  constructor(options: SessionsOptions) {
    this.#options = options;
    const { bus, workerId, leaseMs } = options;
    this.#endings = bus.subscribe(endSubject(workerId), (message) => this.#onEnd(message));
    this.#renewal = setInterval(() => this.#renewAll(), leaseMs / 3);
  }

  /** Sessions held now. */
  get used(): number {
    return this.#seats.used;
  }

  /** The sessions held now. */
  seats(): readonly Seat[] {
    return [...this.#seats.tenants()];
  }

  /** Whose slot this is; undefined where it is free or somebody else's by now. */
  at(slot: number): Seat | undefined {
    return this.#seats.at(slot);
  }

  /** The seat of a session held here. */
  of(sessionId: string): Seat | undefined {
    return this.#bySession.get(sessionId);
  }

  /** Calls back whenever a slot has become free. */
  onFreed(listener: () => void): void {
    this.#freed.push(listener);
  }

  /** Hears no requests and renews nothing any more. */
  stop(): void {
    clearInterval(this.#renewal);
    this.#endings.stop();
  }

  /** A session that was claimed takes its slot. */
  seat(request: ClaimRequest, lease: Lease, config: SessionConfig, progress: Progress, items: readonly ConversationItem[]): Seat {
    const { egress, metrics } = this.#options;
    const seq = Math.max(progress.egressSeq, request.seenEgressSeq);
    const session = this.#options.makeSession({
      config, lease, progress, items, listening: request.listening,
      egress: new SessionEgress(egress, lease.fence, request, seq),
      listener: {
        onHangUp: () => this.#start(() => this.#end(seat, 'agent')),
        onLost: () => this.#lost(seat),
        onEngineFailure: () => metrics.engineFailures.inc(),
      },
    });
    const inbox = new Inbox(progress.ingressSeq);
    const seat: Seat = { slot: 0, session, inbox, toldOfShedAtMs: 0, heardAtMs: nowMs(), grace: undefined };
    seat.slot = this.#seats.take(seat);
    this.#bySession.set(lease.sessionId, seat);
    return seat;
  }

  /** A session held here already: its caller came back, maybe through another gateway. */
  attach(seat: Seat, { gatewayId, gatewaySlot, listening }: ClaimRequest): void {
    const { session } = seat;
    this.#connectionBack(seat);
    seat.heardAtMs = nowMs();
    const { address } = session.egress;
    if (address.gatewayId !== gatewayId || address.gatewaySlot !== gatewaySlot) this.#move(seat, { gatewayId, gatewaySlot });
    if (listening) session.listen();
  }

  /** The session gets another slot, so that what its old connection still sends, or its late goodbye, is nobody's. */
  #move(seat: Seat, address: GatewayAddress): void {
    this.#seats.free(seat.slot);
    seat.slot = this.#seats.take(seat);
    seat.session.egress.moveTo(address);
  }

  /** An envelope came for a session: its caller is connected, unless it says that it is gone. */
  heardFrom(seat: Seat, type: number): void {
    seat.heardAtMs = nowMs();
    if (type === ENVELOPE_TYPE.gone) this.#connectionGone(seat);
    else if (seat.grace !== undefined) this.#connectionBack(seat);
  }

  /** The session waits here for its caller to come back, then it is given up. */
  #connectionGone(seat: Seat): void {
    seat.grace ??= setTimeout(() => this.#start(() => this.#graceOver(seat)), this.#options.reconnectGraceMs);
  }

  async #graceOver(seat: Seat): Promise<void> {
    await seat.session.settled();
    if (seat.grace !== undefined) await this.#giveUp(seat);
  }

  #connectionBack(seat: Seat): void {
    clearTimeout(seat.grace);
    seat.grace = undefined;
  }

  /** Gives a session up in order: what was said is stored, the lease returned, and the gateway claims it anew elsewhere. */
  async handOff(seat: Seat): Promise<void> {
    this.#options.metrics.handoffs.inc();
    await seat.session.settled();
    await this.#giveUp(seat);
  }

  /** A gateway that does hold the caller after all claims anew as it is told. */
  async #giveUp(seat: Seat): Promise<void> {
    if (this.#seats.at(seat.slot) !== seat) return;
    await this.#release(seat);
    seat.session.egress.released();
  }

  async #release(seat: Seat): Promise<void> {
    const { store, log } = this.#options;
    const { lease, progress } = seat.session;
    this.#free(seat);
    try {
      await store.release(lease, progress);
    } catch (error) {
      log.warn({ err: error, sessionId: lease.sessionId }, 'a lease could not be returned; it will expire');
    }
  }

  #onEnd(message: BusMessage): void {
    const request = unpack<EndRequest>(message.data);
    const seat = request === undefined ? undefined : this.#bySession.get(request.sessionId);
    if (seat !== undefined) this.#start(() => this.#end(seat, 'deleted'));
    message.respond(pack({ ended: seat !== undefined }));
  }

  async #end(seat: Seat, reason: EndedBody['reason']): Promise<void> {
    const { session } = seat;
    if (reason === 'agent') await this.#storeEnd(session);
    if (this.#seats.at(seat.slot) !== seat) return;
    session.egress.ended(reason);
    this.#free(seat);
  }

  async #storeEnd(session: Session): Promise<void> {
    await session.settled();
    try {
      await this.#options.store.end(session.lease.sessionId, session.lease);
    } catch (error) {
      this.#options.log.warn({ err: error, sessionId: session.lease.sessionId }, 'the end of a session could not be stored');
    }
  }

  #free(seat: Seat): void {
    clearTimeout(seat.grace);
    seat.session.close();
    this.#seats.free(seat.slot);
    const { sessionId } = seat.session.lease;
    if (this.#bySession.get(sessionId) === seat) this.#bySession.delete(sessionId);
    for (const listener of this.#freed) listener();
  }

  #renewAll(): void {
    const silentSinceMs = nowMs() - this.#options.leaseMs / 3;
    for (const seat of this.#seats.tenants()) {
      this.#start(() => this.#renew(seat));
      if (seat.grace === undefined && seat.heardAtMs < silentSinceMs) this.#start(() => this.#check(seat));
    }
  }

  /** A caller who only listens or reads is quiet for long; one whose gateway died is too: the gateway knows. */
  async #check(seat: Seat): Promise<void> {
    const { sessionId } = seat.session.lease;
    const { gatewayId, gatewaySlot } = seat.session.egress.address;
    const check: ConnectionCheck = { sessionId, gatewaySlot };
    try {
      const reply = unpack<ConnectionCheckReply>(await this.#options.bus.request(checkSubject(gatewayId), pack(check), CHECK_TIMEOUT_MS));
      if (reply?.isConnected === false) this.#connectionGone(seat);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      // A gateway that is slow, or a bus that is away, says nothing about the caller; no gateway at all does.
      if (error.failure === 'no_responders') this.#connectionGone(seat);
    }
  }

  /** Without Redis nobody can claim, so an owner goes on; with it, a lease that is somebody else's is final. */
  async #renew(seat: Seat): Promise<void> {
    let isOurs = true;
    try {
      isOurs = await this.#options.store.renew(seat.session.lease);
    } catch (error) {
      if (!(error instanceof VoxError)) throw error;
      this.#options.log.warn({ err: error }, 'a lease could not be renewed');
    }
    if (!isOurs) this.#lost(seat);
  }

  /** Somebody else owns the session, or its record is gone: the gateway finds out which by claiming anew. */
  #lost(seat: Seat): void {
    if (this.#seats.at(seat.slot) !== seat) return;
    const { metrics, log } = this.#options;
    const { sessionId, fence } = seat.session.lease;
    metrics.leasesLost.inc();
    log.warn({ sessionId, fence }, 'the lease of a session is no longer ours');
    seat.session.egress.released();
    this.#free(seat);
  }

  #start(work: () => Promise<void>): void {
    void work().catch((error: unknown) => this.#options.log.error({ err: error }, 'work on a session failed'));
  }
}

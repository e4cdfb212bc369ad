import type { Bus, BusMessage, BusSubscription } from '../shared/bus/bus.ts';
import { endSubject } from '../shared/bus/subjects.ts';
import { wholeMs, type EndedBody } from '../shared/protocol/agent-event.ts';
import type { ClaimRequest, EndRequest } from '../shared/protocol/claim.ts';
import { ENVELOPE_TYPE } from '../shared/protocol/envelope.ts';
import { SlotTable } from '../shared/protocol/slot-table.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import { nowMs } from '../shared/runtime/clock.ts';
import type { ErrorCode } from '../shared/runtime/errors.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { ConversationItem } from '../shared/session/record.ts';
import type { ClaimOutcome, Lease, SessionStore } from '../shared/session/store.ts';
import { Absences } from './absences.ts';
import { SessionEgress, type Egress, type GatewayAddress } from './egress.ts';
import { catchUp } from './catch-up.ts';
import { ConnectionChecks } from './connection-checks.ts';
import { Farewells } from './farewells.ts';
import { Inbox } from './inbox.ts';
import type { WorkerMetrics } from './metrics.ts';
import { Renewals } from './renewals.ts';
import type { ClaimedSession, Seat } from './seat.ts';
import { storeEnd } from './session-end.ts';
import type { Session } from './session.ts';

export interface SessionsOptions {
  readonly bus: Bus;
  readonly store: SessionStore;
  readonly egress: Egress;
  readonly workerId: string;
  readonly leaseMs: number;
  readonly reconnectGraceMs: number;
  /** Egress kept until the caller has it, in milliseconds of audio. */
  readonly replayMs: number;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
  /** A caller is told of an error. */
  readonly onTold: (code: ErrorCode, errorId: string, sessionId: string) => void;
  readonly makeSession: (claimed: ClaimedSession) => Session;
}

/** What Redis answered to a claim that it granted. */
type Granted = Extract<ClaimOutcome, { outcome: 'claimed' }>;

/** The sessions this worker owns: kept by lease, given back or ended. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #seats = new SlotTable<Seat>();
  readonly #bySession = new Map<string, Seat>();
  readonly #endings: BusSubscription;
  readonly #renewals: Renewals;
  readonly #absences: Absences;
  readonly #checks: ConnectionChecks;
  readonly #farewells = new Farewells();
  readonly #stopped = new AbortController();
  readonly #freed: (() => void)[] = [];

  constructor(options: SessionsOptions) {
    this.#options = options;
    const { bus, store, workerId, leaseMs, metrics, log } = options;
    this.#endings = bus.subscribe(endSubject(workerId), (message) => this.#onEnd(message));
    this.#renewals = new Renewals({
      store, leaseMs, metrics, log,
      seats: () => this.#seats.tenants(),
      listener: { onDue: (seat) => this.#checks.askIfSilent(seat), onLost: (seat) => this.#lost(seat) },
    });
    const onCrash = (error: unknown): void => this.#crashed(error);
    this.#absences = new Absences({
      bus, graceMs: options.reconnectGraceMs, replayMs: options.replayMs,
      seats: () => this.#seats.tenants(), giveUp: (seat) => this.#giveUp(seat), onCrash,
    });
    this.#checks = new ConnectionChecks({ bus, leaseMs, metrics, onGone: (seat) => this.#absences.begin(seat), onCrash });
    bus.onConnection((connected) => {
      if (!connected) return;
      this.#farewells.repeat(nowMs());
      this.#start(() => catchUp({ bus, seats: this.seats(), isSeated: (seat) => this.#seats.at(seat.slot) === seat, signal: this.#stopped.signal }));
    });
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

  /** Bytes of egress kept until callers have it. */
  get egressLogBytes(): number {
    let bytes = 0;
    for (const { session } of this.#seats.tenants()) bytes += session.egress.keptBytes;
    return bytes;
  }

  /** Calls back whenever a slot has become free. */
  onFreed(listener: () => void): void {
    this.#freed.push(listener);
  }

  /** Hears no requests and renews nothing any more. */
  stop(): void {
    this.#stopped.abort();
    this.#renewals.stop();
    this.#endings.stop();
  }

  /** A session that was claimed takes its slot. */
  seat(request: ClaimRequest, lease: Lease, { config, progress, connectionNo }: Granted, items: readonly ConversationItem[]): Seat {
    const { egress, metrics, replayMs } = this.#options;
    const { seenEgressSeq: seenSeq, delivered } = request;
    const session = this.#options.makeSession({
      config, lease, progress, items, delivered, listening: request.listening, trace: request.trace, connectionNo: () => seat.connectionNo,
      egress: new SessionEgress(egress, { fence: lease.fence, address: request, seenSeq, storedSeq: progress.egressSeq, format: config.output, replayMs, delivered }),
      listener: {
        onHangUp: () => this.#start(() => this.#end(seat, 'agent')),
        onLost: () => this.#lost(seat),
        onAudioMissing: () => this.#checks.ask(seat),
        onEngineFailure: () => metrics.engineFailures.inc(),
        onTurn: (stages) => metrics.turns.observe(wholeMs(stages) / 1000),
        onUnderrun: () => metrics.underruns.inc(),
        onTold: (code, errorId) => this.#options.onTold(code, errorId, lease.sessionId),
      },
    });
    const seat: Seat = {
      slot: 0, session, inbox: new Inbox(progress.ingressSeq), connectionNo,
      renewAtMs: this.#renewals.nextMs(), toldOfShedAtMs: 0, heardAtMs: nowMs(), grace: undefined,
    };
    seat.slot = this.#seats.take(seat);
    this.#bySession.set(lease.sessionId, seat);
    return seat;
  }

  /**
   * A session held here already: its caller came back, maybe through another gateway. False where that is an older
   * connection than the one known. What the new connection is to hear follows in the next turn of the event loop, after the
   * answer to the claim.
   */
  attach(seat: Seat, request: ClaimRequest): boolean {
    const { session } = seat;
    // Gateways one version older do not number connections: to them none is older than another.
    if (request.connectionNo < seat.connectionNo) return false;
    if (request.connectionNo > seat.connectionNo) seat.connectionNo = request.connectionNo;
    this.#absences.end(seat, session.egress.deliveredAt(request.seenEgressSeq));
    seat.heardAtMs = nowMs();
    const { gatewayId, gatewaySlot, isResuming } = request;
    const { address } = session.egress;
    const isElsewhere = address.gatewayId !== gatewayId || address.gatewaySlot !== gatewaySlot;
    if (isElsewhere) this.#move(seat, { gatewayId, gatewaySlot });
    if (isElsewhere || isResuming) {
      session.egress.hold(request.seenEgressSeq, isResuming);
      setImmediate(() => session.egress.open());
    }
    if (request.listening) session.listen();
    return true;
  }

  /** The session gets another slot, so that what its old connection still sends, or its late goodbye, is nobody's. */
  #move(seat: Seat, address: GatewayAddress): void {
    const { egress, lease } = seat.session;
    const { address: old } = egress;
    this.#farewells.say(seat.slot, lease.fence, () => egress.replaced(old), nowMs());
    this.#seats.free(seat.slot);
    seat.slot = this.#seats.take(seat);
    egress.moveTo(address);
  }

  /** An envelope came for a slot and fence that are nobody's here: a session that has left, as its gateway has not heard. */
  heardAmiss(slot: number, fence: number): void {
    this.#farewells.remind(slot, fence, nowMs());
  }

  /** An envelope came for a session: its caller is connected, unless it says that it is gone. True where that was all. */
  heardFrom(seat: Seat, type: number, seq: number): boolean {
    seat.heardAtMs = nowMs();
    if (type !== ENVELOPE_TYPE.gone && seat.grace !== undefined) this.#absences.end(seat);
    switch (type) {
      case ENVELOPE_TYPE.gone:
        this.#absences.begin(seat);
        return true;
      case ENVELOPE_TYPE.received:
        seat.session.egress.received(seq);
        return true;
      case ENVELOPE_TYPE.again:
        this.#options.metrics.repairs.inc({ direction: 'egress' });
        seat.session.egress.again(seq);
        return true;
      default:
        return false;
    }
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
    this.#sayFarewell(seat, (egress) => egress.released());
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
    const { store, log } = this.#options;
    if (reason === 'agent') await storeEnd(seat.session, store, log);
    if (this.#seats.at(seat.slot) !== seat) return;
    this.#sayFarewell(seat, (egress) => egress.ended(reason));
    this.#free(seat);
  }

  /** A farewell is kept for a while; the session must not be kept with it. */
  #sayFarewell({ slot, session: { egress, lease } }: Seat, say: (egress: SessionEgress) => void): void {
    this.#farewells.say(slot, lease.fence, () => say(egress), nowMs());
  }

  #free(seat: Seat): void {
    clearTimeout(seat.grace);
    seat.grace = undefined;
    seat.session.close();
    seat.session.egress.close();
    this.#seats.free(seat.slot);
    const { sessionId } = seat.session.lease;
    if (this.#bySession.get(sessionId) === seat) this.#bySession.delete(sessionId);
    for (const listener of this.#freed) listener();
  }

  /** Somebody else owns the session, or its record is gone: the gateway finds out which by claiming anew. */
  #lost(seat: Seat): void {
    if (this.#seats.at(seat.slot) !== seat) return;
    const { metrics, log } = this.#options;
    const { sessionId, fence } = seat.session.lease;
    metrics.leasesLost.inc();
    log.warn({ sessionId, fence }, 'the lease of a session is no longer ours');
    this.#free(seat);
    this.#sayFarewell(seat, (egress) => egress.released());
  }

  /** The session is somebody else's, as one who claims it says: nobody is told but another connection than the one that asks. */
  drop(seat: Seat, { gatewayId, gatewaySlot }: GatewayAddress): void {
    const { address } = seat.session.egress;
    if (address.gatewayId !== gatewayId || address.gatewaySlot !== gatewaySlot) return this.#lost(seat);
    if (this.#seats.at(seat.slot) !== seat) return;
    this.#options.metrics.leasesLost.inc();
    this.#free(seat);
  }

  #start(work: () => Promise<void>): void {
    void work().catch((error: unknown) => this.#crashed(error));
  }

  #crashed(error: unknown): void {
    this.#options.log.error({ err: error }, 'work on a session failed');
  }
}

import type { TestContext } from 'node:test';
import { Batcher } from '../shared/bus/batcher.ts';
import type { Bus, BusMessage, BusSubscription } from '../shared/bus/bus.ts';
import { attachSubject, CLAIM_QUEUE, claimSubject, endSubject, FLEET_SUBJECT, gatewaySubject, workerSubject } from '../shared/bus/subjects.ts';
import type { AgentEvent, TextBody } from '../shared/protocol/agent-event.ts';
import type { ClaimReply, ClaimRequest, EndRequest } from '../shared/protocol/claim.ts';
import { ENVELOPE_FLAG, ENVELOPE_TYPE, readBatch, turnFlags, type Envelope } from '../shared/protocol/envelope.ts';
import type { WorkerHeartbeat } from '../shared/protocol/heartbeat.ts';
import { GRANTED_LANES } from '../shared/protocol/lane.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import { nowMs, stampUs } from '../shared/runtime/clock.ts';
import type { SessionStore } from '../shared/session/store.ts';
import { Arrivals, type Ground } from './gateway-fixture.ts';

/** A server that has much to do is waited for. */
const ROUND_TRIP_WITHIN_MS = 20_000;

/** One session as the stand-in holds it. */
export interface HeldSession {
  readonly sessionId: string;
  readonly fence: number;
  readonly slot: number;
  request: ClaimRequest;
  egressSeq: number;
  /** The newest ingress seq that came without a hole, or by a jump that was meant. */
  received: number;
  committed: number;
  /** Everything numbered that was said and that the caller is not known to have. */
  log: Envelope[];
  /** The egress seq that the present connection was sent last. */
  sent: number;
}

/** How a stand-in behaves; it may be changed at any time. */
export interface Script {
  /** Answers each text with `echo: …`. */
  echoes: boolean;
  /** Acknowledges what it receives. */
  acks: boolean;
  /** Numbered egress that the bus loses. */
  losesEgress: (seq: number) => boolean;
  /** Audio and texts that the bus loses. */
  losesIngress: (envelope: Envelope) => boolean;
}

/** Stands in for a worker: the real bus, the real leases, no conversation. Ends with the test. */
export class ScriptedWorker {
  readonly script: Script = { echoes: true, acks: true, losesEgress: () => false, losesIngress: () => false };
  readonly claims = new Arrivals<ClaimRequest>();
  readonly envelopes = new Arrivals<Envelope>();
  readonly ended = new Arrivals<string>();
  readonly #beats = new Arrivals<number>();
  readonly sessions = new Map<string, HeldSession>();
  readonly #bus: Bus;
  readonly #store: SessionStore;
  readonly #subscriptions: BusSubscription[];
  readonly #batchers = new Map<string, Batcher>();
  #heartbeats: NodeJS.Timeout | undefined;
  #takesClaims = true;
  readonly id: string;

  private constructor(id: string, bus: Bus, store: SessionStore) {
    this.id = id;
    this.#bus = bus;
    this.#store = store;
    const onClaim = (message: BusMessage): void => void this.#onClaim(message);
    this.#subscriptions = [
      ...GRANTED_LANES.map((lane) => bus.subscribe(claimSubject(lane), onClaim, CLAIM_QUEUE)),
      bus.subscribe(attachSubject(id), onClaim),
      bus.subscribe(endSubject(id), (message) => this.#onEnd(message)),
      bus.subscribe(workerSubject(id), ({ data }) => void readBatch(data, (envelope) => this.#onEnvelope(envelope))),
    ];
    bus.onConnection((connected) => {
      if (connected) for (const session of this.sessions.values()) this.again(session, session.request.seenEgressSeq);
    });
    this.#heartbeats = setInterval(() => this.#beat(), 100);
  }

  /** Starts one that serves at once. */
  static async start(context: TestContext, ground: Ground, id: string): Promise<ScriptedWorker> {
    const bus = await ground.connect(id);
    const worker = new ScriptedWorker(id, bus, ground.store);
    context.after(() => worker.die());
    await worker.#roundTrip();
    worker.#beat();
    return worker;
  }

  /** The session of this id, claimed by now or soon. */
  async held(sessionId: string): Promise<HeldSession> {
    await this.claims.find((claim) => claim.sessionId === sessionId && this.sessions.has(sessionId));
    const held = this.sessions.get(sessionId);
    if (held === undefined) throw new Error(`${sessionId} is not held`);
    return held;
  }

  /** Audio and text of a session as they were taken, by their numbers. */
  framesOf(sessionId: string): readonly Envelope[] {
    const slot = this.sessions.get(sessionId)?.slot;
    return this.envelopes.all.filter((envelope) => envelope.slot === slot && envelope.seq > 0 && envelope.type <= ENVELOPE_TYPE.text);
  }

  event(session: HeldSession, event: AgentEvent, fence = session.fence): void {
    this.#say(session, { type: ENVELOPE_TYPE.event, payload: pack(event), fence });
  }

  speech(session: HeldSession, payload: Uint8Array, flags = 0, fence = session.fence): void {
    this.#say(session, { type: ENVELOPE_TYPE.speech, payload, flags, fence });
  }

  /** Speech of a turn, so far into its audio. */
  turnSpeech(session: HeldSession, payload: Uint8Array, turn: number, mediaMs: number): void {
    this.#say(session, { type: ENVELOPE_TYPE.speech, payload, flags: turnFlags(turn), mediaMs });
  }

  ack(session: HeldSession, seq: number): void {
    session.committed = Math.max(session.committed, seq);
    this.send(session, ENVELOPE_TYPE.ack, { seq });
  }

  send(session: HeldSession, type: number, parts: Partial<Envelope>): void {
    const { gatewayId, gatewaySlot: slot } = session.request;
    const batcher = this.#batchers.get(gatewayId) ?? new Batcher((batch) => void this.#bus.publish(gatewaySubject(gatewayId), batch));
    this.#batchers.set(gatewayId, batcher);
    const none = new Uint8Array(0);
    batcher.add({ type, slot, lane: 0, flags: 0, fence: session.fence, seq: 0, stampUs: stampUs(nowMs()), mediaMs: 0, payload: none, ...parts });
  }

  /** Sends everything after this egress seq again, as far as it is kept. */
  again(session: HeldSession, seq: number): void {
    session.sent = seq;
    for (const envelope of session.log.filter((said) => said.seq > seq)) this.#transmit(session, envelope, ENVELOPE_FLAG.replayed);
  }

  #say(session: HeldSession, { type, ...parts }: Partial<Envelope> & { readonly type: number }): void {
    session.egressSeq += 1;
    const none = new Uint8Array(0);
    const said = { type, slot: 0, lane: 0, flags: 0, fence: session.fence, seq: session.egressSeq, stampUs: 0, mediaMs: 0, payload: none, ...parts };
    session.log.push(said);
    this.#transmit(session, said, 0);
  }

  #transmit(session: HeldSession, { type, flags, fence, seq, mediaMs, payload }: Envelope, more: number): void {
    const gap = seq === session.sent + 1 ? 0 : ENVELOPE_FLAG.gap;
    session.sent = seq;
    if (!this.script.losesEgress(seq)) this.send(session, type, { flags: flags | more | gap, fence, seq, mediaMs, payload });
  }

  /** Resolves when so many heartbeats were sent, and one more round trip made. */
  async untilBeaten(times: number): Promise<void> {
    await this.#beats.first(times);
    await this.#roundTrip();
  }

  /** Beats no more and answers nothing by itself, as a host that stands still and then comes back. */
  freeze(): void {
    clearInterval(this.#heartbeats);
    this.#heartbeats = undefined;
    this.script.echoes = false;
    this.script.acks = false;
  }

  /** Is gone from one moment to the next, as after `kill -9`. */
  async die(): Promise<void> {
    clearInterval(this.#heartbeats);
    for (const subscription of this.#subscriptions) subscription.stop();
    await this.#bus.close();
  }

  /** Takes no more claims, not even those that were meant for it alone; what it has it keeps. */
  async closeClaims(): Promise<void> {
    this.#takesClaims = false;
    for (const subscription of this.#subscriptions.slice(0, GRANTED_LANES.length)) subscription.stop();
    await this.#roundTrip();
  }

  /** Gives a session up in order, having understood this much of it. */
  async release(session: HeldSession, ingressSeq: number): Promise<void> {
    const { sessionId, fence, egressSeq } = session;
    await this.#store.release({ sessionId, workerId: this.id, fence }, { ingressSeq, egressSeq });
    this.sessions.delete(sessionId);
    this.send(session, ENVELOPE_TYPE.released, {});
  }

  /** Afterwards the server knows what was subscribed and published before. */
  async #roundTrip(): Promise<void> {
    await this.#bus.request(endSubject(this.id), pack({ sessionId: 'nobody' }), ROUND_TRIP_WITHIN_MS);
  }

  async #onClaim(message: BusMessage): Promise<void> {
    const request = unpack<ClaimRequest>(message.data);
    if (request === undefined) return;
    const reply = await this.#claim(request);
    message.respond(pack(reply));
    this.claims.push(request);
  }

  async #claim(request: ClaimRequest): Promise<ClaimReply> {
    const known = this.sessions.get(request.sessionId);
    if (known !== undefined) return this.#move(known, request);
    return this.#takesClaims ? this.#claimAnew(request) : { ok: false, reason: 'full' };
  }

  #move(known: HeldSession, request: ClaimRequest): ClaimReply {
    if (request.connectionNo < known.request.connectionNo) return { ok: false, reason: 'replaced' };
    if (known.request.gatewaySlot !== request.gatewaySlot || known.request.gatewayId !== request.gatewayId) {
      this.send(known, ENVELOPE_TYPE.released, { payload: pack({ replaced: true }) });
    }
    known.request = request;
    const { seenEgressSeq, isResuming } = request;
    if (isResuming) setImmediate(() => this.again(known, seenEgressSeq));
    else known.log = [];
    known.sent = seenEgressSeq;
    return this.#taken(known, known.committed);
  }

  async #claimAnew(request: ClaimRequest): Promise<ClaimReply> {
    const { sessionId, lost, seenFence, seenEgressSeq } = request;
    const claim = await this.#store.claim(sessionId, this.id, { lost, seenFence });
    if (claim.outcome === 'held') return { ok: false, reason: 'held', owner: { workerId: claim.workerId, fence: claim.fence } };
    if (claim.outcome !== 'claimed') return { ok: false, reason: claim.outcome === 'ended' ? 'session_ended' : 'session_not_found' };
    const { ingressSeq, egressSeq } = claim.progress;
    const held: HeldSession = {
      sessionId, fence: claim.fence, slot: this.sessions.size + 1, request, egressSeq: Math.max(egressSeq, seenEgressSeq),
      received: ingressSeq, committed: ingressSeq, log: [], sent: seenEgressSeq,
    };
    this.sessions.set(sessionId, held);
    return this.#taken(held, ingressSeq);
  }

  #taken({ fence, slot, received, log, request }: HeldSession, committedIngressSeq: number): ClaimReply {
    const spoken = log.findLast(({ type, seq }) => type === ENVELOPE_TYPE.speech && seq <= request.seenEgressSeq);
    const delivered = spoken === undefined ? {} : { delivered: { turn: spoken.flags >>> 8, mediaMs: spoken.mediaMs + spoken.payload.length / 32 } };
    return { ok: true, workerId: this.id, fence, workerSlot: slot, committedIngressSeq, receivedIngressSeq: received, ...delivered };
  }

  #onEnvelope(envelope: Envelope): void {
    const session = [...this.sessions.values()].find(({ slot }) => slot === envelope.slot);
    if (session === undefined || envelope.fence !== session.fence) return;
    if (envelope.type === ENVELOPE_TYPE.again) this.again(session, envelope.seq);
    const isNumbered = envelope.type <= ENVELOPE_TYPE.text;
    if (isNumbered && this.script.losesIngress(envelope)) return;
    if (!isNumbered || this.#isNext(session, envelope)) this.#take(session, envelope);
  }

  #isNext(session: HeldSession, { seq, flags }: Envelope): boolean {
    const isNext = seq === session.received + 1 || (seq > session.received && (flags & ENVELOPE_FLAG.gap) !== 0);
    if (isNext) session.received = seq;
    else if (seq > session.received) this.send(session, ENVELOPE_TYPE.resend, { seq: session.received });
    return isNext;
  }

  #take(session: HeldSession, envelope: Envelope): void {
    const { type, flags, seq, payload } = envelope;
    const isAnswered = (flags & ENVELOPE_FLAG.answered) !== 0;
    const body = type === ENVELOPE_TYPE.text && !isAnswered ? unpack<TextBody>(payload) : undefined;
    if (body !== undefined && this.script.echoes) this.event(session, { type: 'text', content: `echo: ${body.content}`, re: seq });
    if (this.script.acks && type <= ENVELOPE_TYPE.text) this.ack(session, seq);
    this.envelopes.push({ ...envelope });
  }

  #onEnd(message: BusMessage): void {
    const request = unpack<EndRequest>(message.data);
    const session = request === undefined ? undefined : this.sessions.get(request.sessionId);
    message.respond(pack({ ended: session !== undefined }));
    if (session === undefined) return;
    this.send(session, ENVELOPE_TYPE.ended, { payload: pack({ reason: 'deleted' }) });
    this.sessions.delete(session.sessionId);
    this.ended.push(session.sessionId);
  }

  #beat(): void {
    const heartbeat: WorkerHeartbeat = {
      workerId: this.id, state: 'ready', slotsUsed: this.sessions.size, slotsTotal: 100, turnsComputing: 0,
      laneDepths: { control: 0, urgent: 0, normal: 0, bulk: 0 },
    };
    this.#bus.publish(FLEET_SUBJECT, pack(heartbeat));
    this.#beats.push(nowMs());
  }
}

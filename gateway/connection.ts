import type { ClaimReply, ConnectionCheck, ConnectionCheckReply } from '../shared/protocol/claim.ts';
import { ENVELOPE_TYPE, type Envelope } from '../shared/protocol/envelope.ts';
import { unpack } from '../shared/protocol/structured.ts';
import { VoxError, type CloseName } from '../shared/runtime/errors.ts';
import { processOf } from '../shared/runtime/incarnation.ts';
import type { NoticePublisher } from '../shared/runtime/notice-publisher.ts';
import type { SessionRecord } from '../shared/session/record.ts';
import type { Admission, Admitted, Wait } from './admission.ts';
import { applicantOf, closeNameOf, type ClaimCause } from './claim-cause.ts';
import { callOf, type Arrival, type Call, type LineServices } from './call.ts';
import { EarlyEgress } from './early-egress.ts';
import type { Route } from './ingress.ts';
import { Line, type LineListener } from './line.ts';
import type { CallerSocket, SocketListener } from './socket.ts';
import { claimEnd } from './traces.ts';

/** What every connection of a gateway works with. */
export interface ConnectionServices extends LineServices {
  readonly admission: Admission;
  readonly notices: Pick<NoticePublisher, 'tell'>;
}

/** Where connections live. */
export interface ConnectionHost {
  /** Gives a connection the slot that workers address it by. */
  seat(connection: Connection): number;
  /** The connection is closed. */
  onClosed(connection: Connection): void;
  /** Whether another connection of this gateway serves the session of one that is closed. */
  isSucceeded(connection: Connection): boolean;
}

type ConnectionState =
  | { readonly kind: 'new' }
  /** No worker: one is being looked for. Egress of the one that is about to answer may come first. */
  | { readonly kind: 'claiming'; readonly abort: AbortController; readonly early: EarlyEgress }
  | { readonly kind: 'attached'; readonly route: Route }
  /** Nothing more is taken; what is queued is still sent, then the socket closes. */
  | { readonly kind: 'ending' }
  | { readonly kind: 'closed' };

/** One caller's connection: takes messages as long as it has, had or may get a worker, and finds the next worker. */
export class Connection implements SocketListener, LineListener {
  readonly #services: ConnectionServices;
  readonly #host: ConnectionHost;
  readonly #socket: CallerSocket;
  readonly #call: Call;
  /** Where workers address this connection. */
  readonly #slot: number;
  readonly #line: Line;
  /** The highest fence heard of: the next owner's is above it, even where Redis forgot some. */
  #seenFence: number;
  #state: ConnectionState = { kind: 'new' };

  constructor(services: ConnectionServices, host: ConnectionHost, socket: CallerSocket, arrival: Arrival) {
    const { record, resumable } = arrival;
    this.#services = services;
    this.#host = host;
    this.#socket = socket;
    this.#call = callOf(arrival, services);
    this.#slot = host.seat(this);
    this.#seenFence = record.fence;
    this.#line = new Line(services, this, socket, this.#call, { afterSeq: resumable?.afterSeq ?? record.egressSeq, ticket: resumable?.ticket });
  }

  get sessionId(): string {
    return this.#call.sessionId;
  }

  /** Where the connection stands, as operators are told. */
  get state(): ConnectionState['kind'] {
    return this.#state.kind;
  }

  /** The session's tags. */
  get tags(): readonly string[] {
    return this.#call.tags;
  }

  get slot(): number {
    return this.#slot;
  }

  /** The worker that serves this connection now. */
  get workerId(): string | undefined {
    return this.#state.kind === 'attached' ? this.#state.route.workerId : undefined;
  }

  /** Bytes kept of the caller until they are committed. */
  get keptBytes(): number {
    return this.#line.keptBytes;
  }

  /** What a worker that has not heard of the caller for a while is told: whether it is here, and its owner how far it has come. */
  check({ sessionId, fence, egressSeq }: ConnectionCheck): ConnectionCheckReply {
    if (sessionId !== this.sessionId || !this.#isServing) return { isConnected: false };
    if (this.#state.kind !== 'attached' || this.#state.route.fence !== fence) return { isConnected: true };
    // What was sent is to be there before the answer that speaks of it.
    this.#services.ingress.flush();
    return { isConnected: true, sentIngressSeq: this.#line.compare(egressSeq) };
  }

  /** Looks for a worker: first the one the record names, for even one whose lease ran out may still hold the session. */
  open({ owner, fence }: Pick<SessionRecord, 'owner' | 'fence'>): void {
    this.#claim({ kind: 'came', isResuming: this.#call.terms.isNumbered, ...(owner === '' ? {} : { owner: { workerId: owner, fence } }) });
  }

  onMessage(bytes: Uint8Array, isBinary: boolean): void {
    if (!this.#isServing) return;
    this.#line.message(bytes, isBinary);
    if (this.#line.isAbused) this.leave('abuse');
  }

  onDrain(): void {
    this.#line.drained();
  }

  onClosed(): void {
    const state = this.#state;
    if (state.kind === 'closed') return;
    this.#state = { kind: 'closed' };
    this.#part(state);
    this.#host.onClosed(this);
  }

  /** The socket does not take what it is sent. */
  onTooSlow(): void {
    this.close('slow_consumer');
  }

  /** Something from a worker. Only the present owner is heard. */
  onEgress(envelope: Envelope): void {
    const state = this.#state;
    if (state.kind === 'attached' && envelope.fence === state.route.fence) return this.#deliver(envelope);
    this.#seenFence = Math.max(this.#seenFence, envelope.fence);
    this.#services.metrics.staleFence.inc(state.kind === 'claiming' ? state.early.add(envelope) : 1);
  }

  /** The worker with this id is lost; where it served this connection, another one is looked for. */
  onWorkerLost(workerId: string): void {
    if (this.#state.kind !== 'attached' || this.workerId !== workerId) return;
    const { fence } = this.#state.route;
    this.#services.log.warn({ sessionId: this.sessionId, workerId, fence }, 'the worker of a session was lost');
    this.#line.tell(new VoxError('worker_lost', 'the worker was lost; another one takes over from what was committed'));
    this.#claim({ kind: 'lost', lost: { workerId, fence } });
  }

  /** The bus was away: sends again what is not committed and asks for what was not heard. */
  onBusBack(): void {
    if (this.#state.kind === 'attached') this.#line.onBusBack();
  }

  /** Looks after everything that takes time; called about four times a second. */
  tick(nowMs: number): void {
    this.#line.checkStall();
    if (this.#isServing) this.#line.tick(nowMs);
  }

  /**
   * Asks the client to come back elsewhere after so long; false where it cannot resume, or while nobody has the session: how far it
   * has heard the reply under way is known here alone then, and the next gateway would let it be said again.
   */
  goAway(reconnectAfterMs: number): boolean {
    return this.#state.kind === 'attached' && this.#line.goAway(reconnectAfterMs);
  }

  /** Tells the caller of something that goes wrong around them; not a plain client that only writes texts. */
  tell(error: VoxError): void {
    if (this.#isServing) this.#line.tell(error);
  }

  /** Closes at once, whatever is still queued. */
  close(name: CloseName): void {
    if (this.#state.kind === 'closed') return;
    this.#socket.close(name, this.#closing(name));
    // A socket tells of its own closing, one that was closed before does not.
    this.onClosed();
  }

  /** Closes when everything queued is sent; the worker is told that the caller is gone. */
  leave(name: CloseName): void {
    this.#part(this.#state);
    this.#finish(name);
  }

  get #isServing(): boolean {
    return this.#state.kind === 'claiming' || this.#state.kind === 'attached';
  }

  #finish(name: CloseName): void {
    if (this.#state.kind === 'closed' || this.#state.kind === 'ending') return;
    this.#state = { kind: 'ending' };
    this.#line.finish(name, this.#closing(name));
  }

  /** Answers the id that goes with the reason, where that is an error. */
  #closing(name: CloseName): string | undefined {
    const { metrics, told } = this.#services;
    metrics.closed.inc({ reason: name });
    return told.byClose(name, this.sessionId);
  }

  #part(state: ConnectionState): void {
    if (state.kind === 'claiming') state.abort.abort();
    if (state.kind === 'attached') this.#services.ingress.part(state.route);
  }

  #deliver(envelope: Envelope): void {
    switch (envelope.type) {
      case ENVELOPE_TYPE.ended:
        return this.#finish('session_over');
      case ENVELOPE_TYPE.released:
        return this.#released(envelope);
      default:
        return this.#line.hear(envelope);
    }
  }

  /** With `replaced` the session went to a newer connection; without, its worker gave it up and another is to be found. */
  #released({ payload }: Envelope): void {
    const isReplaced = payload.length > 0 && unpack<{ replaced?: boolean }>(payload)?.replaced === true;
    if (isReplaced) this.#finish('replaced');
    else this.#claim({ kind: 'released' });
  }

  #claim(cause: ClaimCause): void {
    const { admission, config, log } = this.#services;
    const { sessionId } = this;
    const abort = new AbortController();
    const { connectionNo, terms, traced } = this.#call;
    const span = traced === undefined ? undefined : this.#services.traces?.claiming(traced.session, cause, traced.upgrade);
    const { seenEgressSeq, delivered } = this.#line;
    const known = {
      sessionId, connectionNo, seenEgressSeq, seenFence: this.#seenFence, gatewaySlot: this.#slot, listening: terms.isNative,
      lane: terms.lane, ...(delivered === undefined ? {} : { delivered }), ...(span === undefined ? {} : { trace: span.traceparent }),
    };
    this.#state = { kind: 'claiming', abort, early: new EarlyEgress() };
    this.#line.detach();
    void admission
      .admit(applicantOf(cause, known, config), abort.signal, (wait) => this.#tellWait(wait))
      .then((admitted) => {
        span?.end(claimEnd(admitted));
        this.#onAdmitted(admitted, cause);
      })
      .catch((error: unknown) => {
        log.error({ err: error, sessionId }, 'a claim failed');
        this.close('session_lost');
      });
  }

  #tellWait(wait: Wait): void {
    if (this.#state.kind !== 'claiming') return;
    const why = wait === 'at_capacity' ? 'every worker is full' : 'the session store does not answer';
    // Jittered, so that callers who come back later do not come as a herd. A plain client counts on one message for each text
    // it sends; that nobody comes is told to it by the close code.
    this.#line.tell(new VoxError(wait, `${why}; the gateway keeps trying`, 1000 + Math.round(Math.random() * 2000)));
  }

  #onAdmitted(admitted: Admitted, cause: ClaimCause): void {
    const { metrics, ingress } = this.#services;
    const isClaiming = this.#state.kind === 'claiming';
    if (cause.kind === 'lost') metrics.countTakeover(admitted.outcome);
    if (admitted.outcome === 'admitted') this.#tellTakeover(cause, admitted.reply.workerId);
    if (admitted.outcome === 'admitted') {
      const { workerId, workerSlot, fence } = admitted.reply;
      if (isClaiming) this.#attach({ workerId, workerSlot, fence }, admitted.reply);
      else if (!this.#host.isSucceeded(this)) ingress.part({ workerId, workerSlot, fence });
      return;
    }
    const closeName = closeNameOf(admitted.outcome, cause);
    if (isClaiming && closeName !== undefined) this.#finish(closeName);
  }

  #tellTakeover(cause: ClaimCause, workerId: string): void {
    if (cause.kind === 'came') return;
    const from = cause.kind === 'lost' ? `${processOf(cause.lost.workerId)} was lost` : 'handed over';
    this.#services.notices.tell({ kind: 'takeover', sessionId: this.sessionId, detail: `${from}: now at ${processOf(workerId)}` });
  }

  #attach(route: Route, reply: Extract<ClaimReply, { ok: true }>): void {
    const { metrics } = this.#services;
    const heard = this.#state.kind === 'claiming' ? this.#state.early : new EarlyEgress();
    const early = heard.of(route.fence);
    metrics.staleFence.inc(heard.length - early.length);
    this.#state = { kind: 'attached', route };
    this.#seenFence = Math.max(this.#seenFence, route.fence);
    this.#line.attach(route, reply, reply.delivered);
    for (const envelope of early) this.onEgress(envelope);
  }
}

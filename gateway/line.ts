import type { Delivered } from '../shared/protocol/claim.ts';
import { ENVELOPE_TYPE, FIRST_NUMBERED_EGRESS_TYPE, type Envelope } from '../shared/protocol/envelope.ts';
import type { ResumeTicket } from '../shared/protocol/native-message.ts';
import { VoxError, type CloseName } from '../shared/runtime/errors.ts';
import type { Call, LineServices } from './call.ts';
import { Delivery } from './delivery.ts';
import { Downlink } from './downlink.ts';
import { EgressOrder } from './egress-order.ts';
import { wireFormat } from './http/session-request.ts';
import type { Route } from './ingress.ts';
import { Intake } from './intake.ts';
import { Outbox, type OutboxListener } from './outbox.ts';
import { Pacing } from './pacing.ts';
import { ReplayRing } from './replay-ring.ts';
import { Resumption } from './resumption.ts';
import type { CallerSocket } from './socket.ts';
import { Uplink, type IngressPosition } from './uplink.ts';

/** Whoever a line belongs to. */
export interface LineListener {
  /** The socket does not take what it is sent. */
  onTooSlow(): void;
}

/** Where a line begins. */
export interface LineStart {
  readonly afterSeq: number;
  readonly ticket: ResumeTicket | undefined;
}

/** Both directions between one caller's socket and whichever worker owns the session, now this one, now that one. */
export class Line implements OutboxListener {
  readonly #services: LineServices;
  readonly #call: Call;
  readonly #listener: LineListener;
  readonly #outbox: Outbox;
  readonly #delivery: Delivery;
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  readonly #intake: Intake;
  /** Of clients that can resume. */
  readonly #resumption: Resumption | undefined;

  /** `afterSeq`: the egress seq that the caller has already; `ticket`: of clients that can resume. */
  constructor(services: LineServices, listener: LineListener, socket: CallerSocket, call: Call, { afterSeq, ticket }: LineStart) {
    const { metrics, ingress, slices, memory } = services;
    const { terms } = call;
    this.#services = services;
    this.#call = call;
    this.#listener = listener;
    this.#outbox = new Outbox(socket, new Pacing(terms.pacingLimits), metrics, this);
    const order = new EgressOrder(afterSeq);
    this.#delivery = new Delivery(services, call, this.#outbox, order);
    this.#uplink = new Uplink({ ring: new ReplayRing(terms.ringLimits, memory), ingress, slices, granted: terms.lane, isNumbered: terms.isNumbered });
    this.#downlink = new Downlink({ metrics, terms, order, delivery: this.#delivery, uplink: this.#uplink });
    this.#intake = new Intake({ services, terms, uplink: this.#uplink, downlink: this.#downlink, delivery: this.#delivery });
    this.#resumption = ticket === undefined ? undefined : this.#resumptionWith(ticket);
  }

  /** The highest egress seq passed on. */
  get seenEgressSeq(): number {
    return this.#downlink.seq;
  }

  /** The end of the newest speech passed on, where it is known. */
  get delivered(): Delivered | undefined {
    return this.#downlink.delivered;
  }

  /** Bytes kept of the caller until they are committed. */
  get keptBytes(): number {
    return this.#uplink.keptBytes;
  }

  /** Whether so many messages in a row were invalid that it is abuse. */
  get isAbused(): boolean {
    return this.#intake.isAbused;
  }

  /** A message of the caller. */
  message(bytes: Uint8Array, isBinary: boolean): void {
    this.#intake.message(bytes, isBinary);
  }

  /** Tells the caller of something that goes wrong around them; not a plain client that only writes texts. */
  tell(error: VoxError): void {
    if (!this.#intake.isTextOnly) this.#delivery.tell(error);
  }

  /** Agent audio was shed for the first time since the socket last kept up. */
  onSlow(): void {
    this.#delivery.tell(new VoxError('slow_consumer', 'agent audio was dropped: the connection does not take it fast enough'));
  }

  /** The socket does not take what it is sent. */
  onTooSlow(): void {
    this.#listener.onTooSlow();
  }

  /** Asks the client to come back elsewhere after so long; false where it cannot resume, or not yet. */
  goAway(reconnectAfterMs: number): boolean {
    if (this.#resumption === undefined || !this.#intake.isReady) return false;
    this.#delivery.say({ type: 'goaway', reconnect_after_ms: reconnectAfterMs });
    return true;
  }

  /** A worker has the session: the caller may speak, and what was said is sent as far as it is not committed. */
  attach(route: Route, position: IngressPosition, delivered: Delivered | undefined): void {
    this.#downlink.attach(delivered);
    if (!this.#intake.ready()) this.#acknowledge(position.committedIngressSeq);
    else if (this.#call.terms.isNative) this.#sayReady(position);
    this.#services.metrics.replayed.inc(this.#uplink.attach(route, position));
  }

  /** No worker has the session for now. */
  detach(): void {
    this.#uplink.detach();
  }

  /** Speech, an event, an ack or a request of the owner. */
  hear(envelope: Envelope): void {
    const { metrics } = this.#services;
    switch (envelope.type) {
      case ENVELOPE_TYPE.speech:
      case ENVELOPE_TYPE.event:
        return this.#downlink.take(envelope);
      case ENVELOPE_TYPE.ack:
        return this.#acknowledge(envelope.seq);
      case ENVELOPE_TYPE.resend:
        return metrics.replayed.inc(this.#uplink.resendAfter(envelope.seq));
      default:
        // A newer worker may say things this gateway does not know yet.
        if (envelope.type < FIRST_NUMBERED_EGRESS_TYPE) return metrics.unknown.inc({ what: 'envelope' });
        return this.#downlink.take(envelope);
    }
  }

  /** The owner has told the caller this much, where it does not know of it: what did not come is asked for. Answers how much of the caller's was sent to it. */
  compare(egressSeq: number | undefined): number {
    if (egressSeq !== undefined) this.#downlink.expect(egressSeq);
    return this.#uplink.sentSeq;
  }

  /** The bus was away, which may have lost anything in both directions. */
  onBusBack(): void {
    this.#services.metrics.replayed.inc(this.#uplink.resend());
    this.#downlink.askAgain();
  }

  /** The socket's buffer became smaller. */
  drained(): void {
    this.#outbox.drained();
  }

  /** Closes the socket once everything said is with it. */
  finish(name: CloseName, errorId?: string): void {
    this.#outbox.finish(name, errorId);
  }

  /** Looks for a socket that has stalled; called about four times a second until it is closed. */
  checkStall(): void {
    this.#outbox.checkStall();
  }

  /** What is to be told or asked from time to time; called about four times a second while the caller is served. */
  tick(nowMs: number): void {
    this.#downlink.tick(nowMs);
    this.#resumption?.tick(nowMs);
  }

  #acknowledge(committed: number): void {
    if (this.#uplink.acknowledge(committed) && this.#resumption !== undefined) this.#delivery.say({ type: 'ack', committed });
  }

  #sayReady({ committedIngressSeq: committed, receivedIngressSeq }: IngressPosition): void {
    const { sessionId, terms } = this.#call;
    const received = Math.max(committed, receivedIngressSeq);
    this.#delivery.say({
      type: 'ready', session_id: sessionId, audio: { input: wireFormat(terms.input), output: wireFormat(terms.output) },
      ...(this.#resumption === undefined ? {} : { ingress: { committed, received }, resume: this.#resumption.ticket }),
    });
  }

  #resumptionWith(ticket: ResumeTicket): Resumption {
    const { store, log, config } = this.#services;
    const { sessionId, connectionNo } = this.#call;
    return new Resumption({
      store, log, connectionNo, ticket, sessionId, ttlMs: config.resumeTokenTtlS * 1000,
      onRenewed: (renewed) => this.#delivery.say({ type: 'resume_token', ...renewed }),
    });
  }
}

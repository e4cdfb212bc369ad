import { audioBytes } from '../shared/protocol/audio-format.ts';
import type { Delivered } from '../shared/protocol/claim.ts';
import { ENVELOPE_TYPE, FIRST_NUMBERED_EGRESS_TYPE, type Envelope } from '../shared/protocol/envelope.ts';
import { VoxError, type CloseName } from '../shared/runtime/errors.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { TraceContext } from '../shared/runtime/tracing-context.ts';
import type { SessionRecord } from '../shared/session/record.ts';
import type { SessionStore } from '../shared/session/store.ts';
import type { GatewayConfig } from './config.ts';
import { Delivery } from './delivery.ts';
import { Downlink } from './downlink.ts';
import { EgressOrder } from './egress-order.ts';
import { wireFormat } from './http/session-request.ts';
import type { Ingress, Route } from './ingress.ts';
import { Intake } from './intake.ts';
import type { GatewayMetrics } from './metrics.ts';
import { Outbox } from './outbox.ts';
import { Pacing } from './pacing.ts';
import { FRAME_COST_BYTES, ReplayRing } from './replay-ring.ts';
import type { ReplaySlices } from './replay-slices.ts';
import { Resumption, type Resumable } from './resumption.ts';
import type { CallerSocket } from './socket.ts';
import type { ToldErrors } from './told-errors.ts';
import type { GatewayTraces } from './traces.ts';
import { Uplink, type IngressPosition } from './uplink.ts';

/** What every line of a gateway works with. */
export interface LineServices {
  readonly config: GatewayConfig;
  readonly store: SessionStore;
  readonly ingress: Ingress;
  readonly slices: ReplaySlices;
  readonly metrics: GatewayMetrics;
  readonly told: ToldErrors;
  /** Where traces are on. */
  readonly traces?: GatewayTraces | undefined;
  readonly log: Logger;
}

/** Who has come, as the upgrade knows them. */
export interface Arrival {
  readonly record: SessionRecord;
  /** Counts the session's connections: the newest one serves it. */
  readonly connectionNo: number;
  /** Whether the client understands every message: it offered `voxfleet.v1`, or it can resume. */
  readonly isNative: boolean;
  /** Of clients that number their messages and can come back for what they missed. */
  readonly resumable: Resumable | undefined;
  /** Of the upgrade, where traces are on. */
  readonly trace?: TraceContext | undefined;
}

/** A socket that takes nothing for so long while messages wait is closed. */
const STALL_MS = 30_000;
/** Texts with their answers kept until they are committed: more than a thousand short ones, and for a thousand callers no more than a quarter of a GB. */
const MAX_TEXT_BYTES = 262_144;
/** A UTF-16 unit takes at most so much as UTF-8. */
const BYTES_PER_CHAR = 3;
/** What is around a text's words where it is packed. */
const TEXT_FRAMING_BYTES = 64;
/** Frames shorter than this make the ring keep less than REPLAY_MS. */
const SMALLEST_FRAME_MS = 5;

/** Both directions between one caller's socket and whichever worker owns the session, now this one, now that one. */
export class Line {
  readonly #services: LineServices;
  readonly #arrival: Arrival;
  readonly #outbox: Outbox;
  readonly #delivery: Delivery;
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  readonly #intake: Intake;
  /** Of clients that can resume. */
  readonly #resumption: Resumption | undefined;

  /** `onTooSlow`: the socket does not take what it is sent. */
  constructor(services: LineServices, socket: CallerSocket, arrival: Arrival, onTooSlow: () => void) {
    const { config, metrics, ingress, slices } = services;
    const { record, isNative, resumable } = arrival;
    const { input, output, lane } = record.config;
    const isNumbered = resumable !== undefined;
    this.#services = services;
    this.#arrival = arrival;
    const pacing = new Pacing({ maxBufferedBytes: config.maxBufferedBytes, maxHeldBytes: config.maxBufferedBytes, stallMs: STALL_MS });
    this.#outbox = new Outbox(socket, pacing, metrics, {
      onSlow: () => this.#delivery.tell(new VoxError('slow_consumer', 'agent audio was dropped: the connection does not take it fast enough')),
      onTooSlow,
    });
    const order = new EgressOrder(resumable?.afterSeq ?? record.egressSeq);
    this.#delivery = new Delivery({
      outbox: this.#outbox, metrics, order, isBinary: isNative, isNumbered,
      onTold: (error) => services.told.inCall(error, record.config.sessionId),
      onTracedTurn: (turn) => services.traces?.answered({ session: record.config, ...turn }),
    });
    this.#uplink = new Uplink({ ring: ringFor(record, config), ingress, slices, granted: lane, isNumbered });
    this.#downlink = new Downlink({ order, delivery: this.#delivery, uplink: this.#uplink, metrics, output, isNumbered });
    this.#intake = new Intake({
      config, metrics, input, isNative, isNumbered, uplink: this.#uplink, delivery: this.#delivery,
      onReceived: (egressSeq) => this.#downlink.received(egressSeq),
    });
    this.#resumption = resumable === undefined ? undefined : this.#resumptionWith(resumable);
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

  /** A message of the caller; `bytes` may be kept. */
  message(bytes: Uint8Array, isBinary: boolean): void {
    this.#intake.message(bytes, isBinary);
  }

  /** Tells the caller of something that goes wrong around them; not a plain client that only writes texts. */
  tell(error: VoxError): void {
    if (!this.#intake.isTextOnly) this.#delivery.tell(error);
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
    else if (this.#arrival.isNative) this.#sayReady(position);
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

  /** The owner has told the caller this much: what did not come is asked for. Answers how much of the caller's was sent to it. */
  compare(egressSeq: number): number {
    this.#downlink.expect(egressSeq);
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
    const { config } = this.#arrival.record;
    const received = Math.max(committed, receivedIngressSeq);
    this.#delivery.say({
      type: 'ready', session_id: config.sessionId, audio: { input: wireFormat(config.input), output: wireFormat(config.output) },
      ...(this.#resumption === undefined ? {} : { ingress: { committed, received }, resume: this.#resumption.ticket }),
    });
  }

  #resumptionWith({ ticket }: Resumable): Resumption {
    const { store, log, config } = this.#services;
    const { record, connectionNo } = this.#arrival;
    return new Resumption({
      store, log, connectionNo, ticket, sessionId: record.config.sessionId, ttlMs: config.resumeTokenTtlS * 1000,
      onRenewed: (renewed) => this.#delivery.say({ type: 'resume_token', ...renewed }),
    });
  }
}

/** What is kept of a caller until it is committed: REPLAY_MS of audio, whatever its frames, and some text. */
function ringFor({ config: { input } }: SessionRecord, { replayMs, maxTextChars }: GatewayConfig): ReplayRing {
  const maxAudioBytes = audioBytes(input, replayMs) + (replayMs / SMALLEST_FRAME_MS) * FRAME_COST_BYTES;
  // The longest text that is taken at all must fit.
  const maxTextBytes = Math.max(MAX_TEXT_BYTES, maxTextChars * BYTES_PER_CHAR + TEXT_FRAMING_BYTES + FRAME_COST_BYTES);
  return new ReplayRing({ maxAudioMs: replayMs, maxAudioBytes, maxTextBytes });
}

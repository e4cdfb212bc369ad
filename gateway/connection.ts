import { audioBytes } from '../shared/protocol/audio-format.ts';
import { ENVELOPE_TYPE, type Envelope } from '../shared/protocol/envelope.ts';
import { unpack } from '../shared/protocol/structured.ts';
import { wallMs } from '../shared/runtime/clock.ts';
import { VoxError, type CloseName } from '../shared/runtime/errors.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { SessionRecord } from '../shared/session/record.ts';
import type { Admission, Admitted, Owner, Wait } from './admission.ts';
import type { GatewayConfig } from './config.ts';
import { Delivery } from './delivery.ts';
import { wireFormat } from './http/session-request.ts';
import type { Ingress, Route } from './ingress.ts';
import { Intake } from './intake.ts';
import type { GatewayMetrics } from './metrics.ts';
import { Outbox } from './outbox.ts';
import { Pacing } from './pacing.ts';
import { FRAME_COST_BYTES, ReplayRing } from './replay-ring.ts';
import type { ReplaySlices } from './replay-slices.ts';
import type { CallerSocket, SocketListener } from './socket.ts';
import { Uplink, type IngressPosition } from './uplink.ts';

/** What every connection of a gateway works with. */
export interface ConnectionServices {
  readonly config: GatewayConfig;
  readonly admission: Admission;
  readonly ingress: Ingress;
  readonly slices: ReplaySlices;
  readonly metrics: GatewayMetrics;
  readonly log: Logger;
}

/** One caller's connection as it starts. */
export interface ConnectionStart {
  readonly socket: CallerSocket;
  readonly record: SessionRecord;
  /** Whether the client offered `voxfleet.v1` and so understands every message. */
  readonly isNative: boolean;
  readonly onClosed: () => void;
  /** Whether a newer connection of this gateway serves the session. */
  readonly isSucceeded: () => boolean;
}

type ConnectionState =
  | { readonly kind: 'new' }
  /** No worker: one is being looked for. Egress of the one that is about to answer may come first. */
  | { readonly kind: 'claiming'; readonly abort: AbortController; readonly early: Envelope[] }
  | { readonly kind: 'attached'; readonly route: Route }
  /** Nothing more is taken; what is queued is still sent, then the socket closes. */
  | { readonly kind: 'ending' }
  | { readonly kind: 'closed' };

/** Why a connection claims: it has just come, its worker was lost, or its worker gave the session up in order. */
type ClaimCause = { readonly kind: 'came'; readonly owner?: Owner } | { readonly kind: 'lost'; readonly lost: Owner } | { readonly kind: 'released' };

/** Egress of a new owner that arrives before its answer to the claim. */
const MOST_EARLY = 256;
/** A socket that takes nothing for so long while messages wait is closed. */
const STALL_MS = 30_000;
/** Texts kept until they are answered. */
const MAX_TEXT_BYTES = 4_194_304;
/** Frames shorter than this make the ring keep less than REPLAY_MS. */
const SMALLEST_FRAME_MS = 5;

/** One caller's connection: takes messages as long as it has, had or may get a worker, and finds the next worker. */
export class Connection implements SocketListener {
  readonly #services: ConnectionServices;
  readonly #start: ConnectionStart;
  /** Where workers address this connection. */
  readonly #slot: number;
  readonly #outbox: Outbox;
  readonly #delivery: Delivery;
  readonly #uplink: Uplink;
  readonly #intake: Intake;
  #state: ConnectionState = { kind: 'new' };

  /** `seat` gives the connection its slot. */
  constructor(services: ConnectionServices, start: ConnectionStart, seat: (connection: Connection) => number) {
    const { config, metrics, ingress, slices } = services;
    const { isNative, record, socket } = start;
    const { input, lane } = record.config;
    this.#services = services;
    this.#start = start;
    this.#slot = seat(this);
    const pacing = new Pacing({ maxBufferedBytes: config.maxBufferedBytes, maxHeldBytes: config.maxBufferedBytes, stallMs: STALL_MS });
    this.#outbox = new Outbox(socket, pacing, metrics, {
      onSlow: () => this.#delivery.tell(new VoxError('slow_consumer', 'agent audio was dropped: the connection does not take it fast enough')),
      onTooSlow: () => this.close('slow_consumer'),
    });
    this.#delivery = new Delivery(this.#outbox, metrics, isNative, record.egressSeq);
    const maxAudioBytes = audioBytes(input, config.replayMs) + (config.replayMs / SMALLEST_FRAME_MS) * FRAME_COST_BYTES;
    const ring = new ReplayRing({ maxAudioMs: config.replayMs, maxAudioBytes, maxTextBytes: MAX_TEXT_BYTES });
    this.#uplink = new Uplink(ring, ingress, slices, lane);
    this.#intake = new Intake({ config, metrics, input, isNative, uplink: this.#uplink, delivery: this.#delivery });
  }

  get sessionId(): string {
    return this.#start.record.config.sessionId;
  }

  get slot(): number {
    return this.#slot;
  }

  /** The worker that serves this connection now. */
  get workerId(): string | undefined {
    return this.#state.kind === 'attached' ? this.#state.route.workerId : undefined;
  }

  /** Whether this connection holds the caller of a session. */
  serves(sessionId: string): boolean {
    return sessionId === this.sessionId && (this.#state.kind === 'claiming' || this.#state.kind === 'attached');
  }

  /** Looks for a worker: first the one the record names, if its lease has not run out. */
  open(): void {
    const { owner, fence, leaseUntilMs } = this.#start.record;
    const isOwned = owner !== '' && leaseUntilMs > wallMs();
    this.#claim(isOwned ? { kind: 'came', owner: { workerId: owner, fence } } : { kind: 'came' });
  }

  onMessage(bytes: Uint8Array, isBinary: boolean): void {
    if (this.#state.kind !== 'claiming' && this.#state.kind !== 'attached') return;
    this.#intake.message(bytes, isBinary);
    if (this.#intake.isAbused) this.leave('abuse');
  }

  onDrain(): void {
    this.#outbox.drained();
  }

  onClosed(): void {
    const state = this.#state;
    if (state.kind === 'closed') return;
    this.#state = { kind: 'closed' };
    this.#part(state);
    this.#start.onClosed();
  }

  /** Something from a worker. Only the present owner is heard. */
  onEgress(envelope: Envelope): void {
    const state = this.#state;
    if (state.kind === 'attached' && envelope.fence === state.route.fence) return this.#deliver(envelope);
    if (state.kind !== 'claiming') return this.#services.metrics.staleFence.inc();
    state.early.push(envelope);
    if (state.early.length <= MOST_EARLY) return;
    state.early.shift();
    this.#services.metrics.staleFence.inc();
  }

  /** The worker with this id is lost; where it served this connection, another one is looked for. */
  onWorkerLost(workerId: string): void {
    if (this.#state.kind !== 'attached' || this.workerId !== workerId) return;
    const { fence } = this.#state.route;
    this.#services.log.warn({ sessionId: this.sessionId, workerId, fence }, 'the worker of a session was lost');
    if (!this.#intake.isTextOnly) this.#delivery.tell(new VoxError('worker_lost', 'the worker was lost; another one takes over from what was committed'));
    this.#claim({ kind: 'lost', lost: { workerId, fence } });
  }

  /** Sends again what is not committed. */
  resend(): void {
    this.#services.metrics.replayed.inc(this.#uplink.resend());
  }

  /** Looks for a stalled socket; called about once a second. */
  checkStall(): void {
    this.#outbox.checkStall();
  }

  /** Closes at once, whatever is still queued. */
  close(name: CloseName): void {
    if (this.#state.kind === 'closed') return;
    this.#services.metrics.closed.inc({ reason: name });
    this.#start.socket.close(name);
    // A socket tells of its own closing, one that was closed before does not.
    this.onClosed();
  }

  /** Closes when everything queued is sent; the worker is told that the caller is gone. */
  leave(name: CloseName): void {
    this.#part(this.#state);
    this.#finish(name);
  }

  #finish(name: CloseName): void {
    if (this.#state.kind === 'closed' || this.#state.kind === 'ending') return;
    this.#state = { kind: 'ending' };
    this.#services.metrics.closed.inc({ reason: name });
    this.#outbox.finish(name);
  }

  #part(state: ConnectionState): void {
    if (state.kind === 'claiming') state.abort.abort();
    if (state.kind === 'attached') this.#services.ingress.part(state.route);
  }

  #deliver(envelope: Envelope): void {
    switch (envelope.type) {
      case ENVELOPE_TYPE.speech:
        return this.#delivery.speech(envelope);
      case ENVELOPE_TYPE.event:
        return this.#delivery.event(envelope);
      case ENVELOPE_TYPE.ack:
        return this.#uplink.acknowledge(envelope.seq);
      case ENVELOPE_TYPE.ended:
        return this.#finish('session_over');
      case ENVELOPE_TYPE.released:
        return this.#released(envelope);
      default:
        // A newer worker may say things this gateway does not know yet.
        return this.#services.metrics.badBatches.inc();
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
    const { sessionId, lane } = this.#start.record.config;
    const abort = new AbortController();
    const { kind, ...known } = cause;
    const isUnderWay = kind !== 'came';
    // What was said is kept for REPLAY_MS: so long a call under way is worth waiting for.
    const patienceMs = isUnderWay ? Math.max(config.admissionWaitMs, config.replayMs) : config.admissionWaitMs;
    const applicant = {
      ...known, sessionId, lane, patienceMs, isUnderWay, gatewaySlot: this.#slot, listening: this.#start.isNative, seenEgressSeq: this.#delivery.seq,
    };
    this.#state = { kind: 'claiming', abort, early: [] };
    this.#uplink.detach();
    void admission
      .admit(applicant, abort.signal, (wait) => this.#tellWait(wait))
      .then((admitted) => this.#onAdmitted(admitted, cause))
      .catch((error: unknown) => {
        log.error({ err: error, sessionId }, 'a claim failed');
        this.close('session_lost');
      });
  }

  #tellWait(wait: Wait): void {
    // A plain client counts on one message for each text it sends; that nobody comes is told by the close code.
    if (this.#state.kind !== 'claiming' || this.#intake.isTextOnly) return;
    const why = wait === 'at_capacity' ? 'every worker is full' : 'the session store does not answer';
    // Jittered, so that callers who come back later do not come as a herd.
    this.#delivery.tell(new VoxError(wait, `${why}; the gateway keeps trying`, 1000 + Math.round(Math.random() * 2000)));
  }

  #onAdmitted(admitted: Admitted, cause: ClaimCause): void {
    const { metrics, ingress } = this.#services;
    const isClaiming = this.#state.kind === 'claiming';
    if (cause.kind === 'lost') metrics.takeovers.inc({ outcome: admitted.outcome });
    if (admitted.outcome === 'admitted') {
      const { workerId, workerSlot, fence } = admitted.reply;
      if (isClaiming) this.#attach({ workerId, workerSlot, fence }, admitted.reply);
      else if (!this.#start.isSucceeded()) ingress.part({ workerId, workerSlot, fence });
      return;
    }
    if (!isClaiming || admitted.outcome === 'aborted') return;
    if (admitted.outcome === 'session_ended') this.#finish('session_over');
    else if (admitted.outcome === 'session_not_found') this.#finish('session_not_found');
    else this.#finish(cause.kind === 'came' ? 'at_capacity' : 'session_lost');
  }

  #attach(route: Route, position: IngressPosition): void {
    const early = this.#state.kind === 'claiming' ? this.#state.early : [];
    this.#state = { kind: 'attached', route };
    if (this.#intake.ready() && this.#start.isNative) this.#sayReady();
    this.#services.metrics.replayed.inc(this.#uplink.attach(route, position));
    for (const envelope of early) this.onEgress(envelope);
  }

  #sayReady(): void {
    const { input, output } = this.#start.record.config;
    this.#delivery.say({ type: 'ready', session_id: this.sessionId, audio: { input: wireFormat(input), output: wireFormat(output) } });
  }
}

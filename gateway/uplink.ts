import { ENVELOPE_FLAG, ENVELOPE_TYPE, holeFlags } from '../shared/protocol/envelope.ts';
import type { TextBody } from '../shared/protocol/agent-event.ts';
import { cappedLane, laneIndex, laneOfPriority, type GrantedLane } from '../shared/protocol/lane.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import { HeldControls } from './held-controls.ts';
import type { ControlType, Ingress, Route } from './ingress.ts';
import type { KeptFrame, ReplayRing } from './replay-ring.ts';
import type { ReplaySlices } from './replay-slices.ts';

/** Something a caller sent, to be numbered. */
export interface UplinkFrame {
  readonly type: number;
  /** The caller's own number, 0 where it does not number. */
  readonly seq: number;
  /** Sent before, on an earlier connection. */
  readonly isResent: boolean;
  readonly priority: number | undefined;
  readonly stampUs: number;
  readonly mediaMs: number;
  /** Of audio it may be used for something else afterwards, of text it may not. */
  readonly payload: Uint8Array;
  /** 0 for text. */
  readonly audioMs: number;
}

/** Where the worker stands when it takes a session: the ingress seqs it has committed and seen. */
export interface IngressPosition {
  readonly committedIngressSeq: number;
  readonly receivedIngressSeq: number;
}

/** Frames given up because too much waits. */
export interface GivenUp {
  /** No worker ever heard these. */
  readonly unheard: number;
  /** Some worker did, but none has committed them. */
  readonly uncommitted: number;
}

export interface UplinkOptions {
  readonly ring: ReplayRing;
  readonly ingress: Ingress;
  readonly slices: ReplaySlices;
  /** The most urgent lane the session was granted. */
  readonly granted: GrantedLane;
  /** Whether frames bring the session's numbers with them. Others are counted here, on top of what the session had come to. */
  readonly isNumbered: boolean;
}

const NOTHING: GivenUp = { unheard: 0, uncommitted: 0 };

/**
 * The caller's side of one connection: keeps frames until they are committed, and hands them to whichever worker owns the
 * session, in order. Its numbers are the session's less a base, which is 0 where the caller numbers.
 */
export class Uplink {
  readonly #ring: ReplayRing;
  readonly #ingress: Ingress;
  readonly #slices: ReplaySlices;
  readonly #granted: GrantedLane;
  readonly #isNumbered: boolean;
  readonly #controls = new HeldControls();
  #route: Route | undefined;
  /** What the session's numbering had come to when this connection first got a worker. */
  #base: number | undefined;
  /** The newest number taken. */
  #lastSeq = 0;
  /** Everything up to here went to the present owner. */
  #sentSeq = 0;
  /** What the present owner will have once everything sent to it has arrived: the next frame follows on it or jumps. */
  #reachedSeq = 0;
  /** Everything up to here went to some owner once. */
  #everSentSeq = 0;
  #ackedSeq = 0;
  #isQueued = false;

  constructor({ ring, ingress, slices, granted, isNumbered }: UplinkOptions) {
    this.#ring = ring;
    this.#ingress = ingress;
    this.#slices = slices;
    this.#granted = granted;
    this.#isNumbered = isNumbered;
    if (isNumbered) this.#base = 0;
  }

  /** Whether a worker owns the session now. */
  get isAttached(): boolean {
    return this.#route !== undefined;
  }

  /** Whether the owner hears what is said to it now. */
  get isReachable(): boolean {
    return this.#route !== undefined && this.#ingress.connected;
  }

  /** The newest seq of the session that went to the present owner. */
  get sentSeq(): number {
    return this.#sentSeq + (this.#base ?? 0);
  }

  /** Texts that no worker was given yet. */
  get waitingTexts(): number {
    return this.#ring.countTextsAfter(this.#sentSeq);
  }

  /** Bytes kept until they are committed. */
  get keptBytes(): number {
    return this.#ring.bytes;
  }

  /** Whether a text of this size can be kept. */
  hasRoomForText(payloadBytes: number): boolean {
    return this.#ring.hasRoomForText(payloadBytes);
  }

  /** Whether a number of the caller's was taken before, here or, as far as it is committed, elsewhere. */
  isKnown(seq: number): boolean {
    return seq > 0 && seq <= Math.max(this.#lastSeq, this.#ackedSeq);
  }

  /** Keeps a frame whose number is not known yet, and sends it when there is a worker. Answers what was given up for it. */
  take(frame: UplinkFrame): GivenUp {
    const isCaughtUp = this.#sentSeq >= this.#lastSeq;
    this.#lastSeq = this.#isNumbered ? frame.seq : this.#lastSeq + 1;
    const { type, stampUs, mediaMs, payload, audioMs } = frame;
    const lane = laneIndex(cappedLane(laneOfPriority(frame.priority), this.#granted));
    const flags = frame.isResent ? ENVELOPE_FLAG.replayed : 0;
    const kept: KeptFrame = { type, lane, flags, seq: this.#lastSeq, stampUs, mediaMs, payload, audioMs };
    const dropped = this.#ring.push(kept);
    if (isCaughtUp && this.isReachable) this.#send(kept, kept.seq > this.#everSentSeq ? 0 : ENVELOPE_FLAG.replayed);
    else if (!this.#isQueued) this.#sendOrQueue();
    if (dropped.length === 0) return NOTHING;
    const unheard = dropped.filter((seq) => seq > this.#everSentSeq).length;
    return { unheard, uncommitted: dropped.length - unheard };
  }

  /** A worker took the session: everything it has not committed follows. Answers how many frames go a second time. */
  attach(route: Route, { committedIngressSeq, receivedIngressSeq }: IngressPosition): number {
    const reached = Math.max(committedIngressSeq, receivedIngressSeq);
    this.#route = route;
    this.#base ??= reached;
    this.acknowledge(committedIngressSeq);
    return this.#rewind(this.#ackedSeq, reached - this.#base);
  }

  /** Tells the owner something beside the audio. What still matters to the next owner is kept where there is none. */
  control(type: ControlType, seq = 0): void {
    if (this.#route !== undefined && this.#ingress.connected) this.#ingress.control(this.#route, type, seq);
    else this.#controls.hold(type, seq);
  }

  /** The session has no owner for now; frames are kept. */
  detach(): void {
    this.#route = undefined;
  }

  /** The owner has committed everything up to this seq of the session. Answers whether that is more than was known. */
  acknowledge(sessionSeq: number): boolean {
    const seq = sessionSeq - (this.#base ?? 0);
    // A caller who numbers may have said it on another connection.
    if (seq <= this.#ackedSeq || (seq > this.#lastSeq && !this.#isNumbered)) return false;
    this.#ackedSeq = seq;
    this.#ring.release(seq);
    return true;
  }

  /** The caller was answered the text of this session seq: the next owner is to store that, not to answer again. */
  answered(sessionSeq: number, answer: string): void {
    const ring = this.#ring;
    const seq = sessionSeq - (this.#base ?? 0);
    const frame = ring.after(seq - 1);
    if (frame?.seq !== seq || frame.type !== ENVELOPE_TYPE.text) return;
    const content = unpack<TextBody>(frame.payload)?.content ?? '';
    const payload = pack({ content, answer } satisfies TextBody);
    // The flag alone keeps it from being answered twice, where there is no room for the words.
    const kept = ring.hasRoomForText(payload.length) ? payload : pack({ content, answer: '' } satisfies TextBody);
    ring.replace({ ...frame, flags: frame.flags | ENVELOPE_FLAG.answered, payload: kept });
  }

  /** Sends everything again that is not committed, because the bus was away. Answers how many frames go again. */
  resend(): number {
    return this.#rewind(this.#ackedSeq, Math.min(this.#reachedSeq, this.#ackedSeq));
  }

  /** The owner has everything up to this seq of the session and misses what follows. Answers how many frames go again. */
  resendAfter(sessionSeq: number): number {
    const seq = sessionSeq - (this.#base ?? 0);
    return seq >= this.#sentSeq ? 0 : this.#rewind(Math.max(seq, this.#ackedSeq), seq);
  }

  /** Sends up to so many bytes of what waits, oldest first; answers how many went. For ReplaySlices. */
  sendSlice(mostBytes: number): number {
    this.#isQueued = false;
    let sentBytes = 0;
    let frame = this.#next();
    while (frame !== undefined && sentBytes < mostBytes) {
      sentBytes += frame.payload.length + 1;
      this.#send(frame, ENVELOPE_FLAG.replayed);
      frame = this.#next();
    }
    if (frame === undefined) this.#tellHeld();
    else this.#queue();
    return sentBytes;
  }

  #rewind(toSeq: number, reachedSeq: number): number {
    if (this.#route === undefined) return 0;
    const ring = this.#ring;
    const again = ring.countUpTo(this.#everSentSeq) - ring.countUpTo(toSeq);
    this.#sentSeq = toSeq;
    this.#reachedSeq = reachedSeq;
    if (!this.#isQueued && this.#sendOrQueue()) this.#tellHeld();
    return again;
  }

  /** Sends what waits at once where it is the newest frame alone, else bit by bit. Answers whether nothing waits any more. */
  #sendOrQueue(): boolean {
    const frame = this.#next();
    if (frame === undefined) return true;
    const isNewest = frame.seq === this.#lastSeq;
    if (isNewest) this.#send(frame, frame.seq > this.#everSentSeq ? 0 : ENVELOPE_FLAG.replayed);
    else this.#queue();
    return isNewest;
  }

  #tellHeld(): void {
    if (this.#route !== undefined && this.#ingress.connected) this.#controls.release(this.#ingress, this.#route);
  }

  #next(): KeptFrame | undefined {
    return this.#route === undefined || !this.#ingress.connected ? undefined : this.#ring.after(this.#sentSeq);
  }

  #queue(): void {
    this.#isQueued = true;
    this.#slices.add(this);
  }

  #send(frame: KeptFrame, more: number): void {
    if (this.#route === undefined) return;
    const { workerId, workerSlot: slot, fence } = this.#route;
    const { type, lane, seq, stampUs, mediaMs, payload } = frame;
    const flags = frame.flags | more | holeFlags(seq - this.#reachedSeq - 1);
    this.#ingress.send(workerId, { type, lane, flags, slot, fence, seq: seq + (this.#base ?? 0), stampUs, mediaMs, payload });
    this.#sentSeq = seq;
    this.#reachedSeq = Math.max(this.#reachedSeq, seq);
    this.#everSentSeq = Math.max(this.#everSentSeq, seq);
  }
}

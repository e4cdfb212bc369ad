import { ENVELOPE_FLAG } from '../shared/protocol/envelope.ts';
import { cappedLane, laneIndex, laneOfPriority, type GrantedLane } from '../shared/protocol/lane.ts';
import type { ControlType, Ingress, Route } from './ingress.ts';
import type { KeptFrame, ReplayRing } from './replay-ring.ts';
import type { ReplaySlices } from './replay-slices.ts';

/** Something a caller sent, to be numbered. */
export interface UplinkFrame {
  readonly type: number;
  readonly priority: number | undefined;
  readonly stampUs: number;
  readonly mediaMs: number;
  readonly payload: Uint8Array;
  /** 0 for text. */
  readonly audioMs: number;
}

/** Where the worker stands when it takes a session: the ingress seqs it has committed and seen. */
export interface IngressPosition {
  readonly committedIngressSeq: number;
  readonly receivedIngressSeq: number;
}

/**
 * The caller's side of one connection: numbers frames, keeps them until they are committed, and hands them to whichever
 * worker owns the session, in order. Counts from 1 within the connection; what the session counted before is its base.
 */
export class Uplink {
  readonly #ring: ReplayRing;
  readonly #ingress: Ingress;
  readonly #slices: ReplaySlices;
  readonly #granted: GrantedLane;
  #route: Route | undefined;
  /** What the session's numbering had come to when this connection first got a worker. */
  #base: number | undefined;
  #lastSeq = 0;
  /** Everything up to here went to the present owner. */
  #sentSeq = 0;
  /** Everything up to here went to some owner once. */
  #everSentSeq = 0;
  #ackedSeq = 0;
  #isQueued = false;

  constructor(ring: ReplayRing, ingress: Ingress, slices: ReplaySlices, granted: GrantedLane) {
    this.#ring = ring;
    this.#ingress = ingress;
    this.#slices = slices;
    this.#granted = granted;
  }

  /** Whether a worker owns the session now. */
  get isAttached(): boolean {
    return this.#route !== undefined;
  }

  /** Texts that no worker was given yet. */
  get waitingTexts(): number {
    return this.#ring.countTextsAfter(this.#sentSeq);
  }

  /** Whether a text of this size can be kept. */
  hasRoomForText(payloadBytes: number): boolean {
    return this.#ring.hasRoomForText(payloadBytes);
  }

  /** Numbers and keeps a frame and sends it when there is a worker. Answers how many frames were lost for it, unheard by any worker. */
  take(frame: UplinkFrame): number {
    this.#lastSeq += 1;
    const { type, stampUs, mediaMs, payload, audioMs } = frame;
    const lane = laneIndex(cappedLane(laneOfPriority(frame.priority), this.#granted));
    const dropped = this.#ring.push({ type, lane, seq: this.#lastSeq, stampUs, mediaMs, payload, audioMs });
    if (!this.#isQueued) this.#sendOrQueue();
    return dropped.length === 0 ? 0 : dropped.filter(({ seq }) => seq > this.#everSentSeq).length;
  }

  /** A worker took the session: everything it has not committed follows. Answers how many frames it gets a second time. */
  attach(route: Route, position: IngressPosition): number {
    this.#route = route;
    this.#base ??= Math.max(position.committedIngressSeq, position.receivedIngressSeq);
    this.acknowledge(position.committedIngressSeq);
    return this.resend();
  }

  /** Tells the owner something beside the audio; nobody, where there is none. */
  control(type: ControlType, seq = 0): void {
    if (this.#route !== undefined) this.#ingress.control(this.#route, type, seq);
  }

  /** The session has no owner for now; frames are kept. */
  detach(): void {
    this.#route = undefined;
  }

  /** The owner has committed everything up to this seq of the session. */
  acknowledge(sessionSeq: number): void {
    const seq = sessionSeq - (this.#base ?? 0);
    if (seq <= this.#ackedSeq || seq > this.#lastSeq) return;
    this.#ackedSeq = seq;
    this.#ring.release(seq);
  }

  /** Sends everything again that is not committed: to a new owner, or after the bus was away. Answers how many frames go again. */
  resend(): number {
    if (this.#route === undefined) return 0;
    const again = this.#ring.countUpTo(this.#everSentSeq);
    this.#sentSeq = this.#ackedSeq;
    if (!this.#isQueued) this.#sendOrQueue();
    return again;
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
    if (frame !== undefined) this.#queue();
    return sentBytes;
  }

  #sendOrQueue(): void {
    const frame = this.#next();
    if (frame === undefined) return;
    if (frame.seq === this.#lastSeq) this.#send(frame, 0);
    else this.#queue();
  }

  #next(): KeptFrame | undefined {
    return this.#route === undefined || !this.#ingress.connected ? undefined : this.#ring.after(this.#sentSeq);
  }

  #queue(): void {
    this.#isQueued = true;
    this.#slices.add(this);
  }

  #send(frame: KeptFrame, flags: number): void {
    if (this.#route === undefined) return;
    const { workerId, workerSlot: slot, fence } = this.#route;
    const { type, lane, stampUs, mediaMs, payload } = frame;
    this.#ingress.send(workerId, { type, lane, flags, slot, fence, seq: frame.seq + (this.#base ?? 0), stampUs, mediaMs, payload });
    this.#sentSeq = frame.seq;
    this.#everSentSeq = Math.max(this.#everSentSeq, frame.seq);
  }
}

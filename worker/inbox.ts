import type { GrantedLane } from '../shared/protocol/lane.ts';
import type { FrameStamps } from './turn/latency.ts';

/** One ingress envelope as a worker holds it. */
export interface IngressFrame {
  readonly type: number;
  readonly lane: GrantedLane;
  readonly seq: number;
  /** Sent again, or waiting behind what was sent again: its age is no sign of overload. */
  isReplayed: boolean;
  /** What lies between it and the frame before was given up by the sender. */
  readonly isGap: boolean;
  readonly payload: Uint8Array;
  stamps: FrameStamps;
}

/** What became of a frame: a `duplicate` came before, a `jump` left out some that are to be asked for. */
export type Arrival = 'taken' | 'duplicate' | 'jump';

/** Between two requests for the same frames. */
const ASK_EVERY_MS = 250;
/** A sender that does not answer so many requests cannot: one of an older version. Its jump is accepted. */
const MOST_REQUESTS = 4;

/**
 * What one session sent and nobody looked at yet, oldest first: lanes decide whose turn it is, never the order within a
 * session. Frames are numbered without holes: one that was received before is dropped, and so is one that leaves out others
 * without saying that this is meant, because the bus may have lost them.
 */
export class Inbox {
  readonly #frames: IngressFrame[] = [];
  #newest: number;
  #replayed = 0;
  /** Since a jump: how often what is missing was asked for, and when it may be the next time. */
  #missing: { readonly requests: number; readonly nextAtMs: number } | undefined;

  /** Frames up to `committed` were dealt with by an earlier owner. */
  constructor(committed: number) {
    this.#newest = committed;
  }

  /** The highest seq received, whether it was looked at or not. */
  get newest(): number {
    return this.#newest;
  }

  /** Frames waiting. */
  get length(): number {
    return this.#frames.length;
  }

  /** The frame that is taken out next. */
  get next(): IngressFrame | undefined {
    return this.#frames[0];
  }

  /** Whether frames are missing that asking may bring. */
  get isMissingFrames(): boolean {
    return this.#missing !== undefined;
  }

  /** Takes a frame in where it is the next one. What arrives behind a replayed one counts as replayed too. */
  push(frame: IngressFrame, nowMs: number): Arrival {
    if (frame.seq <= this.#newest) return 'duplicate';
    if (frame.seq !== this.#newest + 1 && !frame.isGap && !this.#isGivenUp(nowMs)) {
      this.#missing ??= { requests: 0, nextAtMs: nowMs };
      return 'jump';
    }
    this.#missing = undefined;
    this.#newest = frame.seq;
    frame.isReplayed ||= this.#replayed > 0;
    if (frame.isReplayed) this.#replayed += 1;
    this.#frames.push(frame);
    return 'taken';
  }

  /** Whether it is time to ask for what follows `newest`; true counts as asked. */
  mayAsk(nowMs: number): boolean {
    const missing = this.#missing;
    if (missing === undefined || missing.requests >= MOST_REQUESTS || nowMs < missing.nextAtMs) return false;
    this.#missing = { requests: missing.requests + 1, nextAtMs: nowMs + ASK_EVERY_MS };
    return true;
  }

  /** Takes the oldest frame out. */
  shift(): IngressFrame | undefined {
    const frame = this.#frames.shift();
    if (frame?.isReplayed === true) this.#replayed -= 1;
    return frame;
  }

  #isGivenUp(nowMs: number): boolean {
    return this.#missing !== undefined && this.#missing.requests >= MOST_REQUESTS && nowMs >= this.#missing.nextAtMs;
  }
}

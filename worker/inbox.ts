import type { GrantedLane } from '../shared/protocol/lane.ts';
import type { FrameStamps } from './turn/latency.ts';

/** One ingress envelope as a worker holds it. */
export interface IngressFrame {
  readonly type: number;
  readonly lane: GrantedLane;
  readonly seq: number;
  readonly isReplayed: boolean;
  readonly payload: Uint8Array;
  stamps: FrameStamps;
}

/**
 * What one session sent and nobody looked at yet, oldest first: lanes decide whose turn it is, never the order within a
 * session. A frame that was received before is dropped.
 */
export class Inbox {
  readonly #frames: IngressFrame[] = [];
  #newest: number;

  /** Frames up to `committed` were dealt with by an earlier owner. */
  constructor(committed: number) {
    this.#newest = committed;
  }

  /** The highest seq received, whether it was looked at or not. */
  get newest(): number {
    return this.#newest;
  }

  /** False for a frame that came before: seqs only grow. */
  push(frame: IngressFrame): boolean {
    if (frame.seq <= this.#newest) return false;
    this.#newest = frame.seq;
    this.#frames.push(frame);
    return true;
  }

  /** Takes the oldest frame out. */
  shift(): IngressFrame | undefined {
    return this.#frames.shift();
  }
}

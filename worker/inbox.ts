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
 * What one session sent and nobody looked at yet, oldest first by seq: lanes decide whose turn it is, never the order within
 * a session. A frame that was received before is dropped.
 */
export class Inbox {
  readonly #frames: IngressFrame[] = [];
  readonly #newest: Record<GrantedLane, number>;

  /** Frames up to `committed` were dealt with by an earlier owner. */
  constructor(committed: number) {
    this.#newest = { urgent: committed, normal: committed, bulk: committed };
  }

  /** False for a frame that came before: within a lane, seqs only grow. */
  push(frame: IngressFrame): boolean {
    if (frame.seq <= this.#newest[frame.lane]) return false;
    this.#newest[frame.lane] = frame.seq;
    let at = this.#frames.length;
    while (at > 0 && (this.#frames[at - 1]?.seq ?? 0) > frame.seq) at -= 1;
    if (at === this.#frames.length) this.#frames.push(frame);
    else this.#frames.splice(at, 0, frame);
    return true;
  }

  /** Takes the oldest frame out. */
  shift(): IngressFrame | undefined {
    return this.#frames.shift();
  }
}

import { WIDE_HOLE } from '../shared/protocol/envelope.ts';
import type { GrantedLane } from '../shared/protocol/lane.ts';
import { MissingRequests } from '../shared/protocol/missing-requests.ts';
import { Fifo } from './fifo.ts';
import type { FrameStamps } from './turn/latency.ts';

/** One ingress envelope as a worker holds it, with when it passed each hop. */
export interface IngressFrame extends FrameStamps {
  readonly type: number;
  readonly lane: GrantedLane;
  readonly seq: number;
  /** Sent again, or waiting behind what was sent again: its age is no sign of overload. */
  isReplayed: boolean;
  /** So many numbers before it were given up by the sender; WIDE_HOLE is so many or more. */
  readonly hole: number;
  readonly payload: Uint8Array;
  takenUs: number;
}

/** What became of a frame: a `duplicate` came before, a `jump` left out some that are to be asked for. */
export type Arrival = 'taken' | 'duplicate' | 'jump';

/**
 * What one session sent and nobody looked at yet, oldest first: lanes decide whose turn it is, never the order within a
 * session. Frames are numbered without holes: one that was received before is dropped, and so is one that leaves out others
 * without saying that this is meant, because the bus may have lost them.
 */
export class Inbox {
  readonly #frames = new Fifo<IngressFrame>();
  #newest: number;
  #replayed = 0;
  readonly #requests = new MissingRequests();

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
    return this.#frames.size;
  }

  /** The frame that is taken out next. */
  get next(): IngressFrame | undefined {
    return this.#frames.first;
  }

  /** Whether frames are missing that asking may bring. */
  get isMissingFrames(): boolean {
    return this.#requests.isMissing;
  }

  /** Takes a frame in where it is the next one. What arrives behind a replayed one counts as replayed too. */
  push(frame: IngressFrame): Arrival {
    if (frame.seq <= this.#newest) return 'duplicate';
    if (!this.#follows(frame)) {
      this.#requests.missing();
      return 'jump';
    }
    this.#requests.restart();
    this.#newest = frame.seq;
    frame.isReplayed ||= this.#replayed > 0;
    if (frame.isReplayed) this.#replayed += 1;
    this.#frames.push(frame);
    return 'taken';
  }

  /**
   * What was given up is known by how much it is, so that nothing else that the bus lost goes with it. Where that is not said, the
   * sender is asked first: what it still has then comes before.
   */
  #follows({ seq, hole }: IngressFrame): boolean {
    const jump = seq - this.#newest - 1;
    return jump <= hole || (hole === WIDE_HOLE && this.#requests.hasAsked) || this.#requests.isGivenUp;
  }

  /** Whether it is time to ask for what follows `newest`; true counts as asked. */
  mayAsk(nowMs: number): boolean {
    return this.#requests.asks(nowMs);
  }

  /** Takes the oldest frame out. */
  shift(): IngressFrame | undefined {
    const frame = this.#frames.shift();
    if (frame?.isReplayed === true) this.#replayed -= 1;
    return frame;
  }
}

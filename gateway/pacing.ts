/** A message for a caller's socket. */
export interface Outgoing {
  readonly data: string | Uint8Array;
  readonly bytes: number;
  /** Agent audio is shed before anything else: late audio is worth nothing, a late word still something. */
  readonly isAudio: boolean;
}

export interface PacingLimits {
  /** More than this in the socket's buffer, and messages are held here. */
  readonly maxBufferedBytes: number;
  /** More than this held here, and the oldest audio is shed; where there is none left, the connection is too slow. */
  readonly maxHeldBytes: number;
  /** A socket that takes nothing for so long while messages are held is too slow. */
  readonly stallMs: number;
}

/** What is to be done with a message. */
export type PacingDecision =
  | { readonly action: 'send' }
  | { readonly action: 'hold'; readonly shedFrames: number; readonly shedBytes: number; readonly isFirstShed: boolean }
  | { readonly action: 'too_slow' };

const SEND: PacingDecision = { action: 'send' };
const TOO_SLOW: PacingDecision = { action: 'too_slow' };

/** Decides when a slow socket's messages are sent, held, shed or given up. No I/O; time and the socket's state are arguments. */
export class Pacing {
  readonly #limits: PacingLimits;
  #held: Outgoing[] = [];
  #heldBytes = 0;
  #hasShed = false;
  #progressAtMs = 0;

  constructor(limits: PacingLimits) {
    this.#limits = limits;
  }

  /** Whether messages wait here. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Whether a message may go at once. */
  isOpen(bufferedBytes: number): boolean {
    return !this.isHolding && bufferedBytes <= this.#limits.maxBufferedBytes;
  }

  /** Judges one message; it is kept here where the answer is `hold`. */
  offer(message: Outgoing, bufferedBytes: number, nowMs: number): PacingDecision {
    if (this.isOpen(bufferedBytes)) return SEND;
    if (!this.isHolding) this.#progressAtMs = nowMs;
    this.#held.push(message);
    this.#heldBytes += message.bytes;
    if (this.#heldBytes <= this.#limits.maxHeldBytes) return { action: 'hold', shedFrames: 0, shedBytes: 0, isFirstShed: false };
    const isFirstShed = !this.#hasShed;
    const shed = this.#shedAudio(this.#limits.maxHeldBytes);
    if (this.#heldBytes > this.#limits.maxHeldBytes) return TOO_SLOW;
    this.#hasShed = true;
    return { action: 'hold', ...shed, isFirstShed };
  }

  /** The next held message for a socket that drained to this; undefined where it is still too full or nothing is held. */
  next(bufferedBytes: number, nowMs: number): Outgoing | undefined {
    this.#progressAtMs = nowMs;
    if (bufferedBytes > this.#limits.maxBufferedBytes / 2) return undefined;
    const message = this.#held.shift();
    if (message === undefined) return undefined;
    this.#heldBytes -= message.bytes;
    if (!this.isHolding) this.#hasShed = false;
    return message;
  }

  /** Forgets held audio because the caller is told to throw its own away; answers how many messages that were. */
  clearAudio(): number {
    return this.#shedAudio(0).shedFrames;
  }

  /** Whether the socket took nothing for too long. */
  isStalled(nowMs: number): boolean {
    return this.isHolding && nowMs - this.#progressAtMs > this.#limits.stallMs;
  }

  #shedAudio(toBytes: number): { readonly shedFrames: number; readonly shedBytes: number } {
    let shedFrames = 0;
    let shedBytes = 0;
    const heldBytes = this.#heldBytes;
    this.#held = this.#held.filter((message) => {
      if (!message.isAudio || heldBytes - shedBytes <= toBytes) return true;
      shedFrames += 1;
      shedBytes += message.bytes;
      return false;
    });
    this.#heldBytes -= shedBytes;
    return { shedFrames, shedBytes };
  }
}

import { FrameSlab, type Chunk } from '../shared/bus/frame-slab.ts';
import type { SlabMemory } from '../shared/bus/slab-memory.ts';

/** One numbered piece of ingress as it is kept until the worker has committed it. */
export interface KeptFrame {
  readonly type: number;
  /** Index of the lane it travels in. */
  readonly lane: number;
  /** ENVELOPE_FLAG bits that it carries whenever it is sent. */
  readonly flags: number;
  /** Above all before it: the connection's own count, or the caller's, which may have holes. */
  readonly seq: number;
  readonly stampUs: number;
  readonly mediaMs: number;
  readonly payload: Uint8Array;
  /** Duration of audio; 0 for anything else, which is never dropped. */
  readonly audioMs: number;
}

export interface RingLimits {
  /** Audio kept, in milliseconds of sound. */
  readonly maxAudioMs: number;
  /** The same in bytes of memory, with FRAME_COST_BYTES a frame: bounds a caller who sends a sample at a time. */
  readonly maxAudioBytes: number;
  /** Everything else that is kept, counted alike. */
  readonly maxTextBytes: number;
}

/** What a kept frame costs beside its payload. */
export const FRAME_COST_BYTES = 128;
/** Empty places at the front of the array before it is moved together. */
const COMPACT_AT = 1024;
const NOTHING_DROPPED: readonly number[] = [];

/** Audio as the ring keeps it: its bytes lie in the ring's own memory. */
class KeptAudio implements KeptFrame {
  readonly type: number;
  readonly lane: number;
  readonly flags: number;
  readonly seq: number;
  readonly stampUs: number;
  readonly mediaMs: number;
  readonly audioMs: number;
  readonly chunk: Chunk;
  readonly #from: number;
  readonly #to: number;

  /** `chunk` has the frame's bytes at its end. */
  constructor({ type, lane, flags, seq, stampUs, mediaMs, audioMs, payload }: KeptFrame, chunk: Chunk) {
    this.type = type;
    this.lane = lane;
    this.flags = flags;
    this.seq = seq;
    // Signed, it is no object of its own; envelopes are written modulo 2^32.
    this.stampUs = stampUs | 0;
    this.mediaMs = mediaMs;
    this.audioMs = audioMs;
    this.chunk = chunk;
    this.#to = chunk.usedBytes;
    this.#from = chunk.usedBytes - payload.length;
  }

  /** Made when it is asked for: most frames are sent once, from where they came. */
  get payload(): Uint8Array {
    return this.chunk.bytes.subarray(this.#from, this.#to);
  }
}

/**
 * A connection's uncommitted ingress, oldest first. Bounded: beyond its limits the oldest audio goes. Text is refused by
 * `hasRoomForText` before it is pushed, because each text is owed an answer.
 */
export class ReplayRing {
  readonly #limits: RingLimits;
  /** Empty places before the head: what was released is not held on to. */
  #frames: (KeptFrame | undefined)[] = [];
  #head = 0;
  readonly #slab: FrameSlab;
  #audioMs = 0;
  #audioFrames = 0;
  #textBytes = 0;

  /** `memory` is shared by all rings of a process. */
  constructor(limits: RingLimits, memory: SlabMemory) {
    this.#limits = limits;
    this.#slab = new FrameSlab(memory);
  }

  /** Frames kept. */
  get length(): number {
    return this.#frames.length - this.#head;
  }

  /** Bytes kept, FRAME_COST_BYTES a frame included, and memory of released frames that lie beside kept ones. */
  get bytes(): number {
    return this.#audioBytes + this.#textBytes;
  }

  /** Whether a text of this size can be kept beside those that are there. */
  hasRoomForText(payloadBytes: number): boolean {
    return this.#textBytes + payloadBytes + FRAME_COST_BYTES <= this.#limits.maxTextBytes;
  }

  /**
   * Keeps a frame; its seq is above all before it. Of audio the payload is copied, of anything else it is the ring's from now on.
   * Returns the seqs of the audio dropped for it, oldest first. The newest frame is always kept, however long it is: it has not
   * been sent yet.
   */
  push(frame: KeptFrame): readonly number[] {
    if (frame.audioMs > 0) this.#pushAudio(frame);
    else {
      this.#frames.push(frame);
      this.#textBytes += frame.payload.length + FRAME_COST_BYTES;
    }
    return this.#isOver() ? this.#dropOldestAudio() : NOTHING_DROPPED;
  }

  /** Puts another frame that is no audio in the place of the one with its number, if that is still kept. */
  replace(frame: KeptFrame): void {
    const at = this.#indexAfter(frame.seq - 1);
    const kept = this.#frames[at];
    if (kept?.seq !== frame.seq) return;
    this.#textBytes += frame.payload.length - kept.payload.length;
    this.#frames[at] = frame;
  }

  /** Forgets everything up to and including `seq`. */
  release(seq: number): void {
    let frame = this.#frames[this.#head];
    while (frame !== undefined && frame.seq <= seq) {
      this.#uncount(frame);
      this.#frames[this.#head] = undefined;
      this.#head += 1;
      frame = this.#frames[this.#head];
    }
    this.#compact();
  }

  /** The first kept frame with a number above `seq`. The bytes of audio are good until the ring changes. */
  after(seq: number): KeptFrame | undefined {
    return this.#frames[this.#indexAfter(seq)];
  }

  /** How many frames with numbers up to `seq` are kept. */
  countUpTo(seq: number): number {
    return this.#indexAfter(seq) - this.#head;
  }

  /** How many kept frames that are no audio have a number above `seq`. */
  countTextsAfter(seq: number): number {
    let count = 0;
    for (let i = this.#frames.length - 1; i >= this.#head; i--) {
      const frame = this.#frames[i];
      if (frame === undefined || frame.seq <= seq) break;
      if (frame.audioMs === 0) count += 1;
    }
    return count;
  }

  #indexAfter(seq: number): number {
    let low = this.#head;
    let high = this.#frames.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#frames[middle]?.seq ?? Infinity) > seq) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #dropOldestAudio(): readonly number[] {
    const dropped: number[] = [];
    const kept: KeptFrame[] = [];
    const frames = this.#frames;
    let at = this.#head;
    for (; at < frames.length - 1 && this.#isOver(); at++) {
      const frame = frames[at];
      if (frame === undefined) break;
      frames[at] = undefined;
      if (frame.audioMs === 0) kept.push(frame);
      else {
        dropped.push(frame.seq);
        this.#uncount(frame);
      }
    }
    // What was passed over moves up to close the gap; it is text, and there is little of it.
    this.#head = at - kept.length;
    kept.forEach((frame, i) => {
      frames[this.#head + i] = frame;
    });
    this.#compact();
    return dropped;
  }

  #pushAudio(frame: KeptFrame): void {
    this.#frames.push(new KeptAudio(frame, this.#slab.add(frame.payload)));
    this.#audioMs += frame.audioMs;
    this.#audioFrames += 1;
  }

  #uncount(frame: KeptFrame): void {
    if (!(frame instanceof KeptAudio)) {
      this.#textBytes -= frame.payload.length + FRAME_COST_BYTES;
      return;
    }
    this.#slab.release(frame.chunk);
    this.#audioMs -= frame.audioMs;
    this.#audioFrames -= 1;
  }

  get #audioBytes(): number {
    return this.#slab.bytes + this.#audioFrames * FRAME_COST_BYTES;
  }

  #isOver(): boolean {
    return this.#audioMs > this.#limits.maxAudioMs || this.#audioBytes > this.#limits.maxAudioBytes;
  }

  #compact(): void {
    if (this.#head === this.#frames.length) this.#frames = [];
    else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#frames.length) this.#frames.splice(0, this.#head);
    else return;
    this.#head = 0;
  }
}

import { FrameRows, type FrameRow } from '../shared/bus/frame-rows.ts';
import { FrameSlab } from '../shared/bus/frame-slab.ts';
import type { SlabMemory } from '../shared/bus/slab-memory.ts';

/**
 * One numbered piece of ingress as it is kept until the worker has committed it, with the ENVELOPE_FLAG bits that it carries
 * whenever it is sent. Its seq is the connection's own count, or the caller's, which may have holes. What is no audio is never dropped.
 */
export type KeptFrame = FrameRow;

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
const NOTHING_DROPPED: readonly number[] = [];

/**
 * A connection's uncommitted ingress, oldest first. Bounded: beyond its limits the oldest audio goes. Text is refused by
 * `hasRoomForText` before it is pushed, because each text is owed an answer.
 */
export class ReplayRing {
  readonly #limits: RingLimits;
  readonly #rows = new FrameRows();
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
    return this.#rows.length;
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
      this.#rows.push(frame, undefined);
      this.#textBytes += frame.payload.length + FRAME_COST_BYTES;
    }
    return this.#isOver() ? this.#dropOldestAudio() : NOTHING_DROPPED;
  }

  /** Puts another frame that is no audio in the place of the one with its number, if that is still kept. */
  replace(frame: KeptFrame): void {
    const at = this.#rows.indexAfter(frame.seq - 1);
    if (this.#rows.seqAt(at) !== frame.seq) return;
    this.#textBytes += frame.payload.length - this.#rows.payloadBytesAt(at);
    this.#rows.set(at, frame, undefined);
  }

  /** Forgets everything up to and including `seq`. */
  release(seq: number): void {
    while (this.length > 0 && this.#rows.seqAt(0) <= seq) {
      this.#uncount(0);
      this.#rows.shift();
    }
  }

  /** The first kept frame with a number above `seq`. The bytes of audio are good until the ring changes. */
  after(seq: number): KeptFrame | undefined {
    return this.#rows.rowAt(this.#rows.indexAfter(seq));
  }

  /** How many frames with numbers up to `seq` are kept. */
  countUpTo(seq: number): number {
    return this.#rows.indexAfter(seq);
  }

  /** How many kept frames that are no audio have a number above `seq`. */
  countTextsAfter(seq: number): number {
    let count = 0;
    for (let at = this.#rows.length - 1; at >= 0 && this.#rows.seqAt(at) > seq; at--) {
      if (this.#rows.audioMsAt(at) === 0) count += 1;
    }
    return count;
  }

  #dropOldestAudio(): readonly number[] {
    const dropped: number[] = [];
    const texts: number[] = [];
    let at = 0;
    for (; at < this.#rows.length - 1 && this.#isOver(); at++) {
      if (this.#rows.audioMsAt(at) === 0) texts.push(at);
      else {
        dropped.push(this.#rows.seqAt(at));
        this.#uncount(at);
      }
    }
    // What was passed over moves up to close the gap, the newest first; it is text, and there is little of it.
    for (const [i, text] of texts.reverse().entries()) this.#rows.move(text, at - 1 - i);
    for (let gone = at - texts.length; gone > 0; gone--) this.#rows.shift();
    return dropped;
  }

  #pushAudio(frame: KeptFrame): void {
    this.#rows.push(frame, this.#slab.add(frame.payload));
    this.#audioMs += frame.audioMs;
    this.#audioFrames += 1;
  }

  /** The frame at this place is not kept any more. */
  #uncount(at: number): void {
    const chunk = this.#rows.chunkAt(at);
    if (chunk === undefined) {
      this.#textBytes -= this.#rows.payloadBytesAt(at) + FRAME_COST_BYTES;
      return;
    }
    this.#slab.release(chunk);
    this.#audioMs -= this.#rows.audioMsAt(at);
    this.#audioFrames -= 1;
  }

  get #audioBytes(): number {
    return this.#slab.bytes + this.#audioFrames * FRAME_COST_BYTES;
  }

  #isOver(): boolean {
    return this.#audioMs > this.#limits.maxAudioMs || this.#audioBytes > this.#limits.maxAudioBytes;
  }
}

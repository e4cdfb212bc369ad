import { FrameSlab, type Chunk } from '../shared/bus/frame-slab.ts';
import type { SlabMemory } from '../shared/bus/slab-memory.ts';
import type { Delivered } from '../shared/protocol/claim.ts';
import { ENVELOPE_TYPE, turnOfFlags, type EnvelopeType } from '../shared/protocol/envelope.ts';

/** One numbered piece of egress as it is kept until the caller has it. */
export interface LoggedEgress {
  readonly type: Extract<EnvelopeType, 16 | 17>;
  readonly flags: number;
  readonly seq: number;
  /** Of speech: its place in the turn's audio. */
  readonly mediaMs: number;
  /** Of speech: how long it is; 0 of an event. */
  readonly audioMs: number;
  readonly payload: Uint8Array;
}

export interface EgressLimits {
  /** Audio kept, in milliseconds of sound. */
  readonly maxAudioMs: number;
  /** Everything kept, with ENTRY_COST_BYTES apiece. */
  readonly maxBytes: number;
}

/** A place in the agent's speech and the egress seq that brought it there. */
export interface Passed {
  readonly seq: number;
  readonly delivered: Delivered;
}

/** What a kept envelope costs beside its payload. */
export const ENTRY_COST_BYTES = 128;
/** Empty places at the front of the array before it is moved together. */
const COMPACT_AT = 256;

/** Speech as the log keeps it: its bytes lie in the log's own memory. */
class LoggedSpeech implements LoggedEgress {
  readonly type: LoggedEgress['type'];
  readonly flags: number;
  readonly seq: number;
  readonly mediaMs: number;
  readonly audioMs: number;
  readonly chunk: Chunk;
  readonly #from: number;
  readonly #to: number;

  /** `chunk` has the bytes at its end. */
  constructor({ type, flags, seq, mediaMs, audioMs, payload }: LoggedEgress, chunk: Chunk) {
    this.type = type;
    this.flags = flags;
    this.seq = seq;
    this.mediaMs = mediaMs;
    this.audioMs = audioMs;
    this.chunk = chunk;
    this.#to = chunk.usedBytes;
    this.#from = chunk.usedBytes - payload.length;
  }

  get bytes(): number {
    return this.#to - this.#from;
  }

  /** Made when it is asked for: most speech is sent once, from where it was made. */
  get payload(): Uint8Array {
    return this.chunk.bytes.subarray(this.#from, this.#to);
  }
}

/**
 * What one session's caller may not have yet, oldest first. Bounded: beyond its limits the oldest goes, whatever it is; the
 * newest always stays. Remembers how far the agent's speech had come where it was forgotten.
 */
export class EgressLog {
  readonly #limits: EgressLimits;
  readonly #slab: FrameSlab;
  /** Empty places before the head: what was forgotten is not held on to. */
  #entries: (LoggedEgress | undefined)[] = [];
  #head = 0;
  #audioMs = 0;
  #bytes = 0;
  /** The newest speech that is not kept any more. */
  #passed: Passed | undefined;
  #overflowSeq = 0;

  /** `memory` is shared by all logs of a process; `passed`: what an earlier owner had brought to the caller, where it is known. */
  constructor(limits: EgressLimits, memory: SlabMemory, passed?: Passed) {
    this.#limits = limits;
    this.#slab = new FrameSlab(memory);
    this.#passed = passed;
  }

  /** Envelopes kept. */
  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** What they take, ENTRY_COST_BYTES apiece included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The highest seq that went because there was too much, before the caller was known to have it; 0 for none. */
  get overflowSeq(): number {
    return this.#overflowSeq;
  }

  /** Keeps an envelope; its seq is one above the one before. Of speech the payload is copied, of an event it is the log's from now on. */
  push(envelope: LoggedEgress): void {
    const entry = envelope.type === ENVELOPE_TYPE.speech ? new LoggedSpeech(envelope, this.#slab.add(envelope.payload)) : envelope;
    this.#entries.push(entry);
    this.#count(entry, 1);
    while (this.length > 1 && this.#isOver()) {
      const oldest = this.#entries[this.#head];
      if (oldest === undefined) break;
      this.#overflowSeq = oldest.seq;
      this.#forget(oldest);
      if (oldest.type === ENVELOPE_TYPE.speech) this.#passed = { seq: oldest.seq, delivered: endOf(oldest) };
    }
    this.#compact();
  }

  /** The caller has everything up to and including `seq`. */
  received(seq: number): void {
    let spoken: LoggedEgress | undefined;
    for (let oldest = this.#entries[this.#head]; oldest !== undefined && oldest.seq <= seq; oldest = this.#entries[this.#head]) {
      if (oldest.type === ENVELOPE_TYPE.speech) spoken = oldest;
      this.#forget(oldest);
    }
    if (spoken !== undefined) this.#passed = { seq: spoken.seq, delivered: endOf(spoken) };
    this.#compact();
  }

  /** Everything kept with a number above `seq`, oldest first; the bytes of speech are good until the log changes. */
  after(seq: number): readonly LoggedEgress[] {
    const at = this.#indexAfter(seq);
    return this.#entries.slice(at).filter((entry) => entry !== undefined);
  }

  /** The end of the newest speech at or before `seq`; undefined where there was none or it is not known any more. */
  deliveredAt(seq: number): Delivered | undefined {
    for (let at = this.#indexAfter(seq) - 1; at >= this.#head; at--) {
      const entry = this.#entries[at];
      if (entry?.type === ENVELOPE_TYPE.speech) return endOf(entry);
    }
    return this.#passed !== undefined && this.#passed.seq <= seq ? this.#passed.delivered : undefined;
  }

  #indexAfter(seq: number): number {
    let low = this.#head;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.seq ?? Infinity) > seq) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #isOver(): boolean {
    return this.#audioMs > this.#limits.maxAudioMs || this.#bytes > this.#limits.maxBytes;
  }

  #forget(oldest: LoggedEgress): void {
    this.#entries[this.#head] = undefined;
    this.#head += 1;
    this.#count(oldest, -1);
    if (oldest instanceof LoggedSpeech) this.#slab.release(oldest.chunk);
  }

  #count(entry: LoggedEgress, sign: 1 | -1): void {
    this.#audioMs += sign * entry.audioMs;
    const bytes = entry instanceof LoggedSpeech ? entry.bytes : entry.payload.length;
    this.#bytes += sign * (bytes + ENTRY_COST_BYTES);
  }

  #compact(): void {
    if (this.#head === this.#entries.length) {
      this.#entries = [];
      this.#audioMs = 0;
    } else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#entries.length) this.#entries.splice(0, this.#head);
    else return;
    this.#head = 0;
  }
}

function endOf({ flags, mediaMs, audioMs }: LoggedEgress): Delivered {
  return { turn: turnOfFlags(flags), mediaMs: mediaMs + audioMs };
}

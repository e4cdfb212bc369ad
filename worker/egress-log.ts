import { FrameRows, type FrameRow } from '../shared/bus/frame-rows.ts';
import { FrameSlab } from '../shared/bus/frame-slab.ts';
import type { SlabMemory } from '../shared/bus/slab-memory.ts';
import type { Delivered } from '../shared/protocol/claim.ts';
import { ENVELOPE_TYPE, turnOfFlags, type EnvelopeType } from '../shared/protocol/envelope.ts';

/** One numbered piece of egress as it is kept until the caller has it. */
export interface LoggedEgress extends FrameRow {
  readonly type: Extract<EnvelopeType, 16 | 17>;
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

/**
 * What one session's caller may not have yet, oldest first. Bounded: beyond its limits the oldest goes, whatever it is; the
 * newest always stays. Remembers how far the agent's speech had come where it was forgotten.
 */
export class EgressLog {
  readonly #limits: EgressLimits;
  readonly #slab: FrameSlab;
  readonly #rows = new FrameRows();
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
    return this.#rows.length;
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
  push(entry: LoggedEgress): void {
    const chunk = entry.type === ENVELOPE_TYPE.speech ? this.#slab.add(entry.payload) : undefined;
    this.#rows.push(entry, chunk);
    this.#audioMs += entry.audioMs;
    this.#bytes += entry.payload.length + ENTRY_COST_BYTES;
    while (this.length > 1 && this.#isOver()) {
      this.#overflowSeq = this.#rows.seqAt(0);
      this.#passed = this.#passedAt(0) ?? this.#passed;
      this.#forget();
    }
  }

  /** The caller has everything up to and including `seq`. */
  received(seq: number): void {
    for (let at = this.#rows.indexAfter(seq) - 1; at >= 0; at--) {
      const passed = this.#passedAt(at);
      if (passed === undefined) continue;
      this.#passed = passed;
      break;
    }
    while (this.length > 0 && this.#rows.seqAt(0) <= seq) this.#forget();
  }

  /** Everything kept with a number above `seq`, oldest first; the bytes of speech are good until the log changes. */
  after(seq: number): readonly LoggedEgress[] {
    const entries: LoggedEgress[] = [];
    for (let at = this.#rows.indexAfter(seq); at < this.length; at++) {
      const row = this.#rows.rowAt(at);
      if (row !== undefined) entries.push({ ...row, type: row.type === ENVELOPE_TYPE.speech ? ENVELOPE_TYPE.speech : ENVELOPE_TYPE.event });
    }
    return entries;
  }

  /** The end of the newest speech at or before `seq`; undefined where there was none or it is not known any more. */
  deliveredAt(seq: number): Delivered | undefined {
    for (let at = this.#rows.indexAfter(seq) - 1; at >= 0; at--) {
      const passed = this.#passedAt(at);
      if (passed !== undefined) return passed.delivered;
    }
    return this.#passed !== undefined && this.#passed.seq <= seq ? this.#passed.delivered : undefined;
  }

  #isOver(): boolean {
    return this.#audioMs > this.#limits.maxAudioMs || this.#bytes > this.#limits.maxBytes;
  }

  #forget(): void {
    const chunk = this.#rows.chunkAt(0);
    if (chunk !== undefined) this.#slab.release(chunk);
    this.#audioMs -= this.#rows.audioMsAt(0);
    this.#bytes -= this.#rows.payloadBytesAt(0) + ENTRY_COST_BYTES;
    this.#rows.shift();
    // Sums of fractions do not come back to nothing by themselves.
    if (this.length === 0) this.#audioMs = 0;
  }

  /** How far the speech at this place reaches; undefined where it is none. */
  #passedAt(at: number): Passed | undefined {
    if (this.#rows.typeAt(at) !== ENVELOPE_TYPE.speech) return undefined;
    const row = this.#rows.rowAt(at);
    return row === undefined ? undefined : { seq: row.seq, delivered: { turn: turnOfFlags(row.flags), mediaMs: row.mediaMs + row.audioMs } };
  }
}

import { audioMs, DEFAULT_AUDIO_FORMAT, type AudioFormat } from '../protocol/audio-format.ts';
import { BINARY_FLAG, BINARY_KIND, readBinaryFrame, writeBinaryFrame } from '../protocol/binary-frame.ts';
import type { CallerMessage } from '../protocol/native-message.ts';

/** How much a client keeps for the case that it must be sent again. */
export interface KeptLimits {
  /** Milliseconds of audio. */
  readonly maxAudioMs: number;
  /** Audio and texts together. */
  readonly maxBytes: number;
}

/** Audio that will not be heard: `frames` messages, `audioMs` long together. */
export interface LostAudio {
  readonly frames: number;
  readonly audioMs: number;
}

/** What is to be sent again, or for the first time after a wait. */
export interface Backlog {
  readonly messages: number;
  readonly audioMs: number;
}

/** How far the agent's side is: `committed` is safe whatever dies, `received` is known to the one who owns the session now. */
export interface IngressPlace {
  readonly committed: number;
  readonly received: number;
}

type Kept =
  | { readonly kind: 'audio'; readonly seq: number; readonly bytes: number; readonly audioMs: number; readonly frame: Uint8Array<ArrayBuffer>; readonly isLate: boolean }
  | { readonly kind: 'text'; readonly seq: number; readonly bytes: number; readonly content: string; readonly isLate: boolean };

/** As urgent as the session allows for calls. */
const DEFAULT_PRIORITY = 1;
/** UTF-16, as the browser keeps it. */
const BYTES_PER_CHAR = 2;

/**
 * The caller's messages that may still be needed: numbered from 1 over the whole session, kept until they are committed (or
 * answered, for texts), bounded. Where there is too much the oldest audio is given up; a gap in the numbers tells the agent's
 * side. Pure.
 */
export class KeptMessages {
  readonly #limits: KeptLimits;
  readonly #onLost: (lost: LostAudio) => void;
  readonly #entries: Kept[] = [];
  /** So many of the entries, from the first, were sent on the present connection. */
  #sent = 0;
  #newest = 0;
  #isNumbered = false;
  /** Known to the agent's side when the present connection began. */
  #received = 0;
  #format = DEFAULT_AUDIO_FORMAT;
  #mediaMs = 0;
  #audioMs = 0;
  #bytes = 0;
  /** Audio sent but not committed when it was given up: lost only where it turns out to be needed again. */
  #risked = { throughSeq: 0, frames: 0, audioMs: 0 };

  /** `onLost` hears of audio that was given up and never reached the agent's side. */
  constructor(limits: KeptLimits, onLost: (lost: LostAudio) => void) {
    this.#limits = limits;
    this.#onLost = onLost;
  }

  /** Messages not sent on the present connection yet. */
  get waiting(): number {
    return this.#entries.length - this.#sent;
  }

  /** Number of the newest message; 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Keeps audio in the session's input format, copied. False: it alone is more than is kept at all. The media time goes on either way. */
  addAudio(bytes: Uint8Array): boolean {
    const timestampMs = Math.round(this.#mediaMs);
    const lengthMs = audioMs(this.#format, bytes.length);
    this.#mediaMs += lengthMs;
    if (bytes.length > this.#limits.maxBytes || lengthMs > this.#limits.maxAudioMs) return false;
    const seq = ++this.#newest;
    const frame = writeBinaryFrame({ kind: BINARY_KIND.audio, priority: DEFAULT_PRIORITY, seq, timestampMs, payload: bytes });
    this.#add({ kind: 'audio', seq, bytes: bytes.length, audioMs: lengthMs, frame, isLate: false });
    return true;
  }

  /** Keeps a text. False: there is no room for it, even without any audio. */
  addText(content: string): boolean {
    const bytes = content.length * BYTES_PER_CHAR;
    const textBytes = this.#entries.reduce((sum, entry) => (entry.kind === 'text' ? sum + entry.bytes : sum), 0);
    if (textBytes + bytes > this.#limits.maxBytes) return false;
    this.#add({ kind: 'text', seq: ++this.#newest, bytes, content, isLate: false });
    return true;
  }

  /**
   * A connection is ready: drops what is committed; everything else is to be sent on it, said to be late. The first time the
   * numbers of what was said already are moved behind what others said in this session, and stamped in the session's format.
   */
  begin({ committed, received }: IngressPlace, format: AudioFormat): Backlog {
    this.#format = format;
    if (this.#isNumbered) this.commit(committed);
    else this.#renumber(received);
    this.#received = Math.max(committed, received);
    this.#newest = Math.max(this.#newest, this.#received);
    this.#settleRisk();
    this.#sent = 0;
    for (const [at, entry] of this.#entries.entries()) this.#entries[at] = { ...entry, isLate: true };
    return { messages: this.#entries.length, audioMs: this.#audioMs };
  }

  /** Forgets everything up to this number. */
  commit(committed: number): void {
    let count = 0;
    for (; count < this.#entries.length; count += 1) {
      const entry = this.#entries[count];
      if (entry === undefined || entry.seq > committed) break;
    }
    if (count > 0) this.#forget(0, count);
    if (committed >= this.#risked.throughSeq) this.#risked = { throughSeq: 0, frames: 0, audioMs: 0 };
  }

  /** Forgets the message of this number: it was answered or refused, and would be again. Answers whether it was still kept. */
  answered(seq: number): boolean {
    const at = this.#entries.findIndex((entry) => entry.seq === seq);
    if (at !== -1) this.#forget(at, 1);
    return at !== -1;
  }

  /** The next message to send on the present connection, as it goes over the wire; it counts as sent then. */
  take(): string | Uint8Array<ArrayBuffer> | undefined {
    const entry = this.#entries[this.#sent];
    if (entry === undefined) return undefined;
    this.#sent += 1;
    if (entry.kind === 'text') return textOf(entry.seq, entry.content, entry.isLate);
    return entry.isLate ? rewritten(entry.frame, { flags: BINARY_FLAG.resent }) : entry.frame;
  }

  /** Number of the message `take` gives next; undefined where it gives none. */
  get nextSeq(): number | undefined {
    return this.#entries[this.#sent]?.seq;
  }

  #add(entry: Kept): void {
    this.#entries.push(entry);
    this.#count(entry, 1);
    while (this.#audioMs > this.#limits.maxAudioMs || this.#bytes > this.#limits.maxBytes) {
      const oldest = this.#entries.findIndex(({ kind }) => kind === 'audio');
      if (oldest === -1) return;
      this.#giveUp(oldest);
    }
  }

  #giveUp(at: number): void {
    const entry = this.#entries[at];
    if (entry?.kind !== 'audio') return;
    if (at >= this.#sent && entry.seq > this.#received) {
      this.#onLost({ frames: 1, audioMs: entry.audioMs });
    } else {
      const { frames, audioMs: riskedMs } = this.#risked;
      this.#risked = { throughSeq: entry.seq, frames: frames + 1, audioMs: riskedMs + entry.audioMs };
    }
    this.#forget(at, 1);
  }

  /** What was given up between the agent's place and the oldest message kept is lost after all. */
  #settleRisk(): void {
    const { throughSeq, frames, audioMs: riskedMs } = this.#risked;
    this.#risked = { throughSeq: 0, frames: 0, audioMs: 0 };
    const lost = Math.min(frames, throughSeq - this.#received);
    if (lost > 0) this.#onLost({ frames: lost, audioMs: (riskedMs * lost) / frames });
  }

  #forget(at: number, count: number): void {
    for (const entry of this.#entries.splice(at, count)) this.#count(entry, -1);
    if (at < this.#sent) this.#sent = Math.max(at, this.#sent - count);
  }

  #count(entry: Kept, sign: 1 | -1): void {
    this.#bytes += sign * entry.bytes;
    if (entry.kind === 'audio') this.#audioMs += sign * entry.audioMs;
  }

  #renumber(received: number): void {
    this.#isNumbered = true;
    this.#newest += received;
    this.#mediaMs = 0;
    this.#audioMs = 0;
    for (const [at, entry] of this.#entries.entries()) {
      const seq = entry.seq + received;
      this.#entries[at] = entry.kind === 'text' ? { ...entry, seq } : this.#restamped(entry, seq);
    }
  }

  #restamped(entry: Extract<Kept, { kind: 'audio' }>, seq: number): Kept {
    const lengthMs = audioMs(this.#format, entry.bytes);
    const frame = rewritten(entry.frame, { seq, timestampMs: Math.round(this.#mediaMs) });
    this.#mediaMs += lengthMs;
    this.#audioMs += lengthMs;
    return { ...entry, seq, audioMs: lengthMs, frame };
  }
}

function textOf(seq: number, content: string, isLate: boolean): string {
  const message: CallerMessage = { type: 'text', content, seq, ...(isLate ? { resent: true } : {}) };
  return JSON.stringify(message);
}

function rewritten(frame: Uint8Array<ArrayBuffer>, changes: { readonly seq?: number; readonly timestampMs?: number; readonly flags?: number }): Uint8Array<ArrayBuffer> {
  const read = readBinaryFrame(frame);
  // Written by this client: its header is good.
  return typeof read === 'string' ? frame : writeBinaryFrame({ ...read, ...changes });
}

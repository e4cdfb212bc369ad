import type { Chunk } from './frame-slab.ts';

/** A numbered frame as it is kept: what its envelope says beside where it goes, and its length in milliseconds. */
export interface FrameRow {
  readonly type: number;
  readonly lane: number;
  readonly flags: number;
  readonly seq: number;
  readonly stampUs: number;
  readonly mediaMs: number;
  /** Of audio; 0 for anything else. */
  readonly audioMs: number;
  readonly payload: Uint8Array;
}

const FEWEST_ROWS = 16;
/** Rows of more, which a call needs while nobody takes its frames, are let go when they are empty. */
const MOST_EMPTY_ROWS = 128;
/** Numbers kept of each row: type, lane, flags, seq, stampUs, mediaMs, and from where to where its bytes lie in its chunk. */
const COLUMNS = 8;

/**
 * Frames in the order of their numbers, oldest first, in columns of numbers: an object for each, alive for a second, is what the
 * garbage collector has most to do with. Payloads lie in chunks of a slab, or, where there is none, are kept as they came.
 */
export class FrameRows {
  #numbers = new Uint32Array(0);
  #audioMs = new Float64Array(0);
  #bytes: (Chunk | Uint8Array | undefined)[] = [];
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Appends a frame, whose seq is above all before it. With a `chunk`, its bytes are the last ones in that. */
  push(row: FrameRow, chunk: Chunk | undefined): void {
    if (this.#length === this.#audioMs.length) this.#resize(Math.max(FEWEST_ROWS, this.#length * 2));
    this.#length += 1;
    this.set(this.#length - 1, row, chunk);
  }

  /** Puts a frame in the place of the one at `index`. */
  set(index: number, { type, lane, flags, seq, stampUs, mediaMs, audioMs, payload }: FrameRow, chunk: Chunk | undefined): void {
    const at = this.#at(index);
    const to = chunk === undefined ? payload.length : chunk.usedBytes;
    const numbers = this.#numbers;
    const from = at * COLUMNS;
    numbers[from] = type;
    numbers[from + 1] = lane;
    numbers[from + 2] = flags;
    numbers[from + 3] = seq;
    numbers[from + 4] = stampUs;
    numbers[from + 5] = mediaMs;
    numbers[from + 6] = to - payload.length;
    numbers[from + 7] = to;
    this.#audioMs[at] = audioMs;
    this.#bytes[at] = chunk ?? payload;
  }

  /** The number of the frame at `index`; Infinity beyond the last. */
  seqAt(index: number): number {
    return index < this.#length ? (this.#numbers[this.#at(index) * COLUMNS + 3] ?? Infinity) : Infinity;
  }

  typeAt(index: number): number {
    return this.#numbers[this.#at(index) * COLUMNS] ?? 0;
  }

  audioMsAt(index: number): number {
    return this.#audioMs[this.#at(index)] ?? 0;
  }

  payloadBytesAt(index: number): number {
    const from = this.#at(index) * COLUMNS;
    return (this.#numbers[from + 7] ?? 0) - (this.#numbers[from + 6] ?? 0);
  }

  /** The chunk that has the bytes of the frame at `index`; undefined where none has. */
  chunkAt(index: number): Chunk | undefined {
    const bytes = this.#bytes[this.#at(index)];
    return bytes === undefined || bytes instanceof Uint8Array ? undefined : bytes;
  }

  /** The frame at `index`, made when it is asked for: most are sent once, from where they came. Its bytes are good while they are kept. */
  rowAt(index: number): FrameRow | undefined {
    const at = this.#at(index);
    const bytes = this.#bytes[at];
    if (index >= this.#length || bytes === undefined) return undefined;
    const [type = 0, lane = 0, flags = 0, seq = 0, stampUs = 0, mediaMs = 0, from = 0, to = 0] = this.#numbers.subarray(at * COLUMNS, (at + 1) * COLUMNS);
    const payload = bytes instanceof Uint8Array ? bytes : bytes.bytes.subarray(from, to);
    return { type, lane, flags, seq, stampUs, mediaMs, audioMs: this.#audioMs[at] ?? 0, payload };
  }

  /** The index of the first frame with a number above `seq`; `length` where there is none. */
  indexAfter(seq: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.seqAt(middle) > seq) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Forgets the oldest frame. */
  shift(): void {
    if (this.#length === 0) return;
    this.#bytes[this.#head] = undefined;
    this.#head = this.#at(1);
    this.#length -= 1;
    if (this.#length === 0 && this.#audioMs.length > MOST_EMPTY_ROWS) this.#resize(0);
  }

  /** Moves a frame to a place whose frame is forgotten by that. */
  move(from: number, to: number): void {
    const [source, target] = [this.#at(from), this.#at(to)];
    this.#numbers.copyWithin(target * COLUMNS, source * COLUMNS, (source + 1) * COLUMNS);
    this.#audioMs[target] = this.#audioMs[source] ?? 0;
    this.#bytes[target] = this.#bytes[source];
  }

  /** Places are a power of two in number. */
  #at(index: number): number {
    return (this.#head + index) & (this.#audioMs.length - 1);
  }

  #resize(places: number): void {
    const numbers = new Uint32Array(places * COLUMNS);
    const audioMs = new Float64Array(places);
    const bytes = new Array<Chunk | Uint8Array | undefined>(places).fill(undefined);
    for (let index = 0; index < this.#length; index += 1) {
      const at = this.#at(index);
      numbers.set(this.#numbers.subarray(at * COLUMNS, (at + 1) * COLUMNS), index * COLUMNS);
      audioMs[index] = this.#audioMs[at] ?? 0;
      bytes[index] = this.#bytes[at];
    }
    [this.#numbers, this.#audioMs, this.#bytes, this.#head] = [numbers, audioMs, bytes, 0];
  }
}

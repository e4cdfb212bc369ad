/** Larger pieces are rare, and not worth keeping. */
const LARGEST_PIECE_BYTES = 16_384;
/** Frames come in a few lengths. */
const MOST_LENGTHS = 64;
/** What a thousand callers' frames take in about half a second. */
const SPARE_BYTES = 16 * 2 ** 20;

/**
 * Memory that a process' frames were in, for the next ones: what is asked of the system for each and given back a second later is
 * what the garbage collector has most to do with, and stops everybody for. Bounded: beyond `mostBytes` pieces are let go.
 */
export class SlabMemory {
  readonly #mostBytes: number;
  readonly #pieces = new Map<number, Uint8Array[]>();
  #bytes = 0;

  constructor(mostBytes = SPARE_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** Bytes that wait to be used. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A piece of so many bytes, in which anything may stand. */
  take(bytes: number): Uint8Array {
    const piece = this.#pieces.get(bytes)?.pop();
    if (piece === undefined) return new Uint8Array(bytes);
    this.#bytes -= bytes;
    return piece;
  }

  /** A piece that was taken here, and that nobody looks at any more. */
  giveBack(piece: Uint8Array): void {
    const { length } = piece;
    if (length > LARGEST_PIECE_BYTES || this.#bytes + length > this.#mostBytes) return;
    let alike = this.#pieces.get(length);
    if (alike === undefined) {
      if (this.#pieces.size >= MOST_LENGTHS) return;
      alike = [];
      this.#pieces.set(length, alike);
    }
    alike.push(piece);
    this.#bytes += length;
  }
}

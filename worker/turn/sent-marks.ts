const FEWEST = 64;
/** Forty seconds of the shortest messages, and minutes of the usual ones. */
const MOST = 2048;

/**
 * Where in a turn's audio its newest messages end, for a device that tells which of them it played. Kept in columns that are used
 * again: a list that grows with every message is what the garbage collector has most to move.
 */
export class SentMarks {
  #seqs = new Float64Array(FEWEST);
  #endsMs = new Float64Array(FEWEST);
  /** Messages since the turn began; the oldest that is remembered is number `#from`. */
  #count = 0;
  #from = 0;

  /** The next message, whose seq is above all before it, and where it ends. */
  push(seq: number, endMs: number): void {
    if (this.#count - this.#from === this.#seqs.length) this.#makeRoom();
    const at = this.#count & (this.#seqs.length - 1);
    this.#seqs[at] = seq;
    this.#endsMs[at] = endMs;
    this.#count += 1;
  }

  /** Where the last message up to this seq ends; undefined where none is remembered. All up to it are forgotten. */
  played(seq: number): number | undefined {
    const mask = this.#seqs.length - 1;
    let endMs: number | undefined;
    for (; this.#from < this.#count && (this.#seqs[this.#from & mask] ?? Infinity) <= seq; this.#from += 1) endMs = this.#endsMs[this.#from & mask];
    return endMs;
  }

  /** Twice the places, or the oldest one's. */
  #makeRoom(): void {
    const places = this.#seqs.length;
    if (places === MOST) {
      this.#from += 1;
      return;
    }
    const [seqs, endsMs] = [new Float64Array(2 * places), new Float64Array(2 * places)];
    for (let message = this.#from; message < this.#count; message += 1) {
      seqs[message & (2 * places - 1)] = this.#seqs[message & (places - 1)] ?? 0;
      endsMs[message & (2 * places - 1)] = this.#endsMs[message & (places - 1)] ?? 0;
    }
    this.#seqs = seqs;
    this.#endsMs = endsMs;
  }
}

/** Ingress that a write covers: all audio up to a seq, or one text. */
export interface StoredIngress {
  readonly audio?: number;
  readonly text?: number;
}

const NOTHING: readonly StoredIngress[] = [];

/**
 * Knows up to which ingress seq everything is committed. Audio and text share one numbering: audio counts as done up to
 * where it is known to be silence or stored as a turn, a text once it is answered and stored.
 */
export class AckLedger {
  readonly #openTexts = new Set<number>();
  #audioDone: number;
  #lastAudio: number;
  #received: number;

  /** `committed`: what the session's record says. */
  constructor(committed: number) {
    this.#audioDone = committed;
    this.#lastAudio = committed;
    this.#received = committed;
  }

  /** The highest seq received. */
  get received(): number {
    return this.#received;
  }

  /** The seq up to which everything is committed. */
  get committed(): number {
    return this.committedWith(NOTHING);
  }

  /** What `committed` would be if these were done too: what a record may say once they are stored. */
  committedWith(stored: readonly StoredIngress[]): number {
    const audioDone = stored.reduce((done, { audio }) => Math.max(done, audio ?? 0), this.#audioDone);
    const settled = audioDone >= this.#lastAudio ? this.#received : audioDone;
    if (this.#openTexts.size === 0) return settled;
    const texts = new Set(stored.map(({ text }) => text));
    let oldestOpen = Number.POSITIVE_INFINITY;
    for (const open of this.#openTexts) if (!texts.has(open) && open < oldestOpen) oldestOpen = open;
    return Math.min(settled, oldestOpen - 1);
  }

  /** Ingress covered by a write is in Redis. */
  stored({ audio, text }: StoredIngress): void {
    if (audio !== undefined) this.audioDone(audio);
    if (text !== undefined) this.textDone(text);
  }

  audioReceived(seq: number): void {
    if (this.#audioDone >= this.#lastAudio) this.#audioDone = Math.max(this.#audioDone, seq - 1);
    this.#received = Math.max(this.#received, seq);
    this.#lastAudio = Math.max(this.#lastAudio, seq);
  }

  /** All audio up to this seq is silence, stored or shed. */
  audioDone(seq: number): void {
    this.#audioDone = Math.max(this.#audioDone, seq);
  }

  textReceived(seq: number): void {
    this.#received = Math.max(this.#received, seq);
    this.#openTexts.add(seq);
  }

  textDone(seq: number): void {
    this.#openTexts.delete(seq);
  }
}

import { AckLedger, type StoredIngress } from './ack-ledger.ts';

/** An ack is sent once this many frames of silence are newly committed, besides at every turn and text. */
const SILENT_FRAMES = 25;

/** What of a session's ingress is committed, and the telling of it: the gateway keeps everything after. */
export class Acks {
  readonly #ledger: AckLedger;
  readonly #send: (committed: number) => void;
  #told: number;

  /** `committed`: what the session's record says. */
  constructor(committed: number, send: (committed: number) => void) {
    this.#ledger = new AckLedger(committed);
    this.#told = committed;
    this.#send = send;
  }

  /** Ingress is committed up to here; never goes back. */
  get committed(): number {
    return Math.max(this.#told, this.#ledger.committed);
  }

  /** What would be committed if these were stored too. */
  committedWith(stored: readonly StoredIngress[]): number {
    return this.#ledger.committedWith(stored);
  }

  /** Redis has what covers this ingress; it is told with what follows from it. */
  stored(stored: StoredIngress): void {
    this.#ledger.stored(stored);
  }

  audioReceived(seq: number): void {
    this.#ledger.audioReceived(seq);
  }

  textReceived(seq: number): void {
    this.#ledger.textReceived(seq);
  }

  /** All audio up to this seq is stored, or was nothing. */
  audioDone(seq: number): void {
    this.#ledger.audioDone(seq);
    this.tell();
  }

  /** All audio up to this seq is silence. */
  silent(seq: number): void {
    this.#ledger.audioDone(seq);
    this.#tellFrom(SILENT_FRAMES);
  }

  /** A frame of audio that is not heard; where no turn is open before it, it counts as silence. */
  audioShed(seq: number, isSettled: boolean): void {
    this.#ledger.audioReceived(seq);
    if (isSettled) this.#ledger.audioDone(seq);
  }

  /** A text that needs no answer any more: no later owner is to answer it. */
  textDone(seq: number): void {
    this.#ledger.textReceived(seq);
    this.#ledger.textDone(seq);
    this.tell();
  }

  /** Sends what is newly committed, if anything is. */
  tell(): void {
    this.#tellFrom(1);
  }

  #tellFrom(atLeast: number): void {
    const { committed } = this.#ledger;
    if (committed - this.#told < atLeast) return;
    this.#told = committed;
    this.#send(committed);
  }
}

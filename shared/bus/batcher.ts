import { BatchEncoder, type Envelope } from '../protocol/envelope.ts';
import { nowMs, stampUs } from '../runtime/clock.ts';
import { BatchPace } from './batch-pace.ts';

/** A batch is sent before the end of the event-loop turn once it holds this much (measured: more gives nothing). */
const FLUSH_AT_BYTES = 48_000;

/**
 * Packs the envelopes of many sessions bound for one subject into one bus message per event-loop turn, or, while there are many
 * (`BatchPace`), per millisecond, because what costs is messages, hardly bytes.
 */
export class Batcher {
  readonly #send: (batch: Uint8Array) => void;
  readonly #encoder = new BatchEncoder();
  #scheduled = false;
  #usedAtMs = nowMs();
  readonly #pace = new BatchPace(this.#usedAtMs);

  /** `send` publishes one finished batch. */
  constructor(send: (batch: Uint8Array) => void) {
    this.#send = send;
  }

  /** Appends an envelope; it leaves with this event-loop turn, or a moment later while there are many. */
  add(envelope: Envelope): void {
    this.#encoder.add(envelope);
    if (this.#encoder.bytes >= FLUSH_AT_BYTES) this.flush();
    else if (!this.#scheduled) this.#schedule();
  }

  /** When something was sent last, or the batcher was made. */
  get usedAtMs(): number {
    return this.#usedAtMs;
  }

  /** Sends what is waiting, if anything. */
  flush(): void {
    if (this.#encoder.count === 0) return;
    this.#usedAtMs = nowMs();
    this.#pace.left(this.#encoder.count, this.#usedAtMs);
    this.#send(this.#encoder.flush(stampUs(this.#usedAtMs)));
  }

  #schedule(): void {
    this.#scheduled = true;
    if (this.#pace.waitMs === 0) setImmediate(this.#onTime);
    else setTimeout(this.#onTime, this.#pace.waitMs);
  }

  readonly #onTime = (): void => {
    this.#scheduled = false;
    this.flush();
  };
}

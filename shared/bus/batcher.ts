import { BatchEncoder, type Envelope } from '../protocol/envelope.ts';
import { nowMs, stampUs } from '../runtime/clock.ts';
import { BatchPace } from './batch-pace.ts';

/** A batch is sent before the end of the event-loop turn once it holds this much (measured: more gives nothing). */
const FLUSH_AT_BYTES = 48_000;
const NEVER = (): boolean => false;

/**
 * Packs the envelopes of many sessions bound for one subject into one bus message per event-loop turn, or, while there are many
 * (`BatchPace`), per millisecond, because what costs is messages, hardly bytes.
 */
export class Batcher {
  readonly #send: (batch: Uint8Array) => void;
  readonly #hasSentAll: () => boolean;
  readonly #encoder = new BatchEncoder();
  #scheduled = false;
  #usedAtMs = nowMs();
  readonly #pace = new BatchPace(this.#usedAtMs);

  /** `send` publishes one finished batch; `hasSentAll`: the bytes of all so far are with the bus, so that their memory may be used again. */
  constructor(send: (batch: Uint8Array) => void, hasSentAll: () => boolean = NEVER) {
    this.#send = send;
    this.#hasSentAll = hasSentAll;
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
    this.#send(this.#encoder.flush(stampUs(this.#usedAtMs), this.#hasSentAll()));
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

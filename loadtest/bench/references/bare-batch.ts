/** Where a batch is sent though more of it may come: the same bound as the product's. */
const FLUSH_AT_BYTES = 48_000;
const HEADER_BYTES = 6;

/**
 * Gathers frames for one NATS subject and sends them together at the end of the event-loop turn, each as [slot u32][length
 * u16][bytes], little-endian: no more than it takes to find the right socket again.
 */
export class BareBatch {
  readonly #send: (batch: Uint8Array) => void;
  readonly #bytes = Buffer.allocUnsafe(2 * FLUSH_AT_BYTES);
  #filled = 0;
  #isScheduled = false;

  constructor(send: (batch: Uint8Array) => void) {
    this.#send = send;
  }

  /** Appends a frame of less than 48,000 bytes; it is copied. */
  add(slot: number, frame: Uint8Array): void {
    this.#bytes.writeUInt32LE(slot, this.#filled);
    this.#bytes.writeUInt16LE(frame.length, this.#filled + 4);
    this.#bytes.set(frame, this.#filled + HEADER_BYTES);
    this.#filled += HEADER_BYTES + frame.length;
    if (this.#filled >= FLUSH_AT_BYTES) this.#flush();
    else if (!this.#isScheduled) this.#schedule();
  }

  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#filled === 0) return;
    this.#send(Buffer.from(this.#bytes.subarray(0, this.#filled)));
    this.#filled = 0;
  }
}

/** Calls back for each frame of a batch, a view into it. */
export function readBareBatch(batch: Uint8Array, onFrame: (slot: number, frame: Uint8Array) => void): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  for (let at = 0; at < batch.length; ) {
    const from = at + HEADER_BYTES;
    const to = from + view.getUint16(at + 4, true);
    onFrame(view.getUint32(at, true), batch.subarray(from, to));
    at = to;
  }
}

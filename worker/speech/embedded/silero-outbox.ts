import { WINDOW_SAMPLES, type SileroRequest } from './silero-messages.ts';

/** Windows and endings of all streams on their way to the thread, packed as one message. Bounded by its streams' own limits. */
export class SileroOutbox {
  #samples = new Int16Array(16 * WINDOW_SAMPLES);
  #streams: number[] = [];
  #closed: number[] = [];

  get empty(): boolean {
    return this.#streams.length === 0 && this.#closed.length === 0;
  }

  /** Appends one window of WINDOW_SAMPLES, copying it. */
  addWindow(stream: number, window: Int16Array): void {
    const at = this.#streams.length * WINDOW_SAMPLES;
    if (at === this.#samples.length) {
      const larger = new Int16Array(at * 2);
      larger.set(this.#samples);
      this.#samples = larger;
    }
    this.#samples.set(window, at);
    this.#streams.push(stream);
  }

  addClosed(stream: number): void {
    this.#closed.push(stream);
  }

  /** All of it as one message in memory of its own; what waits here stays until `clear`. */
  message(): SileroRequest {
    return {
      streams: Uint32Array.from(this.#streams),
      samples: this.#samples.slice(0, this.#streams.length * WINDOW_SAMPLES),
      closed: this.#closed,
    };
  }

  clear(): void {
    this.#streams = [];
    this.#closed = [];
  }
}

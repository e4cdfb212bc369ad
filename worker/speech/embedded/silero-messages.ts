/** Samples that Silero judges at a time: 32 ms at 16 kHz, the only length its weights take. */
export const WINDOW_SAMPLES = 512;

/** To the thread: windows of any streams in the order they were spoken; then streams that are over. */
export interface SileroRequest {
  /** The stream of each window; one not heard of before begins here. */
  readonly streams: Uint32Array;
  /** WINDOW_SAMPLES for each of `streams`. */
  readonly samples: Int16Array<ArrayBuffer>;
  /** Streams to forget, with whatever of theirs still waits. */
  readonly closed: readonly number[];
}

/** To the thread: it is to end, as soon as what it judges just now is judged. */
export const SILERO_END = 'end';

/** Shared with the thread, its `workerData`. */
export interface SileroSettings {
  /** One number: 0 until the thread is out of native code for good, then 1, with an `Atomics.notify`. */
  readonly ended: Int32Array<SharedArrayBuffer>;
}

/** From the thread: once that it is ready, then the probability of speech per window, in order within each stream. */
export type SileroReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'heard'; readonly streams: Uint32Array; readonly probabilities: Float32Array };

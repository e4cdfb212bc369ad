import type { Logger } from '../../../shared/runtime/log.ts';
import { EngineError, type VoiceActivityListener, type VoiceActivityStream } from '../ports.ts';
import { EngineThread } from './engine-thread.ts';
import { SILERO_END, WINDOW_SAMPLES, type SileroReply, type SileroRequest, type SileroSettings } from './silero-messages.ts';
import { SileroOutbox } from './silero-outbox.ts';

/** A stream with more windows unanswered fails: 32.8 s of audio, so that a replay of 30 s pushed at once still passes. */
export const MAX_WINDOWS_IN_FLIGHT = 1024;
/** How long windows wait before they are offered again to a thread that is being restarted. */
const OFFER_AGAIN_AFTER_MS = 50;
/** What an exit waits for the batch that is judged just now, a few milliseconds, or for the weights to be loaded, a few hundred. */
const EXIT_WITHIN_MS = 2000;

/** When the outbox goes to the thread. */
type Flush =
  | { readonly kind: 'idle' }
  | { readonly kind: 'this-turn'; readonly immediate: NodeJS.Immediate }
  | { readonly kind: 'again'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'closed' };

/** One Silero thread and the streams it hears. Messages are batched, all streams of an event-loop turn in one. */
export class SileroHost {
  /** Resolves once the thread listens; rejects where it could not start. */
  readonly ready: Promise<void>;
  readonly #log: Logger;
  readonly #thread: EngineThread<SileroRequest | typeof SILERO_END, SileroReply>;
  readonly #streams = new Map<number, HostedStream>();
  readonly #outbox = new SileroOutbox();
  readonly #ended = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #settleReady: { resolve: () => void; reject: (error: EngineError) => void } | undefined;
  #flush: Flush = { kind: 'idle' };
  #lastId = 0;

  /** `script` is the compiled thread: `silero-thread.js`. */
  constructor(script: URL, log: Logger) {
    this.#log = log;
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    this.#thread = new EngineThread<SileroRequest | typeof SILERO_END, SileroReply>({
      script,
      settings: { ended: this.#ended } satisfies SileroSettings,
      lastMessage: SILERO_END,
      onMessage: (reply) => this.#answered(reply),
      onCrash: (error) => this.#crashed(error),
    });
  }

  /** Streams open. */
  get size(): number {
    return this.#streams.size;
  }

  open(listener: VoiceActivityListener): VoiceActivityStream {
    this.#lastId = (this.#lastId + 1) >>> 0;
    const id = this.#lastId;
    const stream = new HostedStream(listener, {
      send: (window) => {
        this.#outbox.addWindow(id, window);
        this.#flushSoon();
      },
      over: () => {
        this.#streams.delete(id);
        this.#outbox.addClosed(id);
        this.#flushSoon();
      },
    });
    this.#streams.set(id, stream);
    return stream;
  }

  /** Ends the thread; open streams hear nothing more. */
  async close(): Promise<void> {
    if (this.#flush.kind === 'this-turn') clearImmediate(this.#flush.immediate);
    if (this.#flush.kind === 'again') clearTimeout(this.#flush.timer);
    this.#flush = { kind: 'closed' };
    this.#outbox.clear();
    await this.#thread.close();
  }

  /**
   * Ends the thread where nothing can be awaited any more because the process exits: stands still until the thread is out of native
   * code. An exit ends threads by force, native code throws at that, and the whole process would be aborted.
   */
  endAtExit(): void {
    try {
      this.#thread.post(SILERO_END);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      // No thread is there to be ended, or it was told already.
      return;
    }
    Atomics.wait(this.#ended, 0, 0, EXIT_WITHIN_MS);
  }

  #flushSoon(): void {
    if (this.#flush.kind === 'idle') this.#flush = { kind: 'this-turn', immediate: setImmediate(() => this.#flushNow()) };
  }

  #flushNow(): void {
    this.#flush = { kind: 'idle' };
    if (this.#outbox.empty) return;
    try {
      const message = this.#outbox.message();
      this.#thread.post(message, [message.samples.buffer]);
      this.#outbox.clear();
    } catch (error) {
      // The thread is being restarted: streams opened meanwhile wait for it, each up to its own limit.
      if (!(error instanceof EngineError)) throw error;
      this.#flush = { kind: 'again', timer: setTimeout(() => this.#flushNow(), OFFER_AGAIN_AFTER_MS) };
    }
  }

  #answered(reply: SileroReply): void {
    if (reply.kind === 'ready') {
      this.#settleReady?.resolve();
      return;
    }
    reply.streams.forEach((id, index) => this.#streams.get(id)?.heard(reply.probabilities[index] ?? 0));
  }

  #crashed(error: EngineError): void {
    this.#log.error({ err: error, streams: this.#streams.size }, 'voice activity thread died');
    this.#settleReady?.reject(error);
    const lost = [...this.#streams.values()];
    this.#streams.clear();
    this.#outbox.clear();
    for (const stream of lost) stream.fail(error);
  }
}

/** Where a stream's windows go, and who is told that it is over. */
interface HostedStreamPort {
  send(window: Int16Array): void;
  over(): void;
}

/** One caller's audio, cut into windows whatever it comes in. */
class HostedStream implements VoiceActivityStream {
  readonly #listener: VoiceActivityListener;
  readonly #port: HostedStreamPort;
  readonly #window = new Int16Array(WINDOW_SAMPLES);
  #state: 'open' | 'failing' | 'over' = 'open';
  #filled = 0;
  #inFlight = 0;
  #heardSamples = 0;

  constructor(listener: VoiceActivityListener, port: HostedStreamPort) {
    this.#listener = listener;
    this.#port = port;
  }

  push(samples: Int16Array): void {
    for (let at = 0; at < samples.length && this.#state === 'open'; ) {
      const part = samples.subarray(at, at + WINDOW_SAMPLES - this.#filled);
      this.#window.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === WINDOW_SAMPLES) this.#sendWindow();
    }
  }

  close(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#port.over();
  }

  /** The answer to the oldest window in flight. */
  heard(probability: number): void {
    if (this.#state !== 'open') return;
    this.#inFlight -= 1;
    this.#heardSamples += WINDOW_SAMPLES;
    this.#listener.onWindow(probability, this.#heardSamples);
  }

  /** Ends the stream and says why, unless it was closed. */
  fail(error: EngineError): void {
    if (this.#state === 'over') return;
    this.close();
    this.#listener.onFailure(error);
  }

  #sendWindow(): void {
    this.#filled = 0;
    if (this.#inFlight < MAX_WINDOWS_IN_FLIGHT) {
      this.#inFlight += 1;
      this.#port.send(this.#window);
      return;
    }
    this.#state = 'failing';
    const error = new EngineError(`voice activity is ${MAX_WINDOWS_IN_FLIGHT} windows behind`, true);
    setImmediate(() => this.fail(error));
  }
}

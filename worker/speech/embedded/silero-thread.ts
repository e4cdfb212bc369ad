import { parentPort, workerData } from 'node:worker_threads';
import { SILERO_END, WINDOW_SAMPLES, type SileroReply, type SileroRequest, type SileroSettings } from './silero-messages.ts';
import { Silero, SileroMemory, type SileroWindow } from './silero.ts';

/** Windows judged at once: beyond 16 a window gets hardly cheaper (0.64 ms alone, 0.09 ms in company), only later. */
const BATCH_WINDOWS = 16;

/** One caller's memory and windows not yet judged. */
interface Stream {
  readonly memory: SileroMemory;
  readonly waiting: Int16Array[];
}

/** Judges windows of all streams of this thread, one of each stream at a time, as many streams at once as have one waiting. */
class SileroQueue {
  readonly #silero: Silero;
  readonly #reply: (reply: SileroReply) => void;
  readonly #streams = new Map<number, Stream>();
  /** Streams with a window waiting, the one that waited longest first. */
  readonly #ready = new Set<number>();
  #judging = false;

  constructor(silero: Silero, reply: (reply: SileroReply) => void) {
    this.#silero = silero;
    this.#reply = reply;
  }

  /** Takes what the event loop of the callers sent. A failing model rejects, which ends the thread. */
  async take(request: SileroRequest): Promise<void> {
    request.streams.forEach((id, index) => {
      this.#stream(id).waiting.push(request.samples.subarray(index * WINDOW_SAMPLES, (index + 1) * WINDOW_SAMPLES));
      this.#ready.add(id);
    });
    for (const id of request.closed) {
      this.#streams.delete(id);
      this.#ready.delete(id);
    }
    if (this.#judging) return;
    this.#judging = true;
    while (this.#ready.size > 0) await this.#judgeBatch();
    this.#judging = false;
  }

  async #judgeBatch(): Promise<void> {
    const ids: number[] = [];
    const windows: SileroWindow[] = [];
    for (const id of this.#ready) {
      const { memory, waiting } = this.#stream(id);
      const samples = waiting.shift();
      this.#ready.delete(id);
      if (samples === undefined) continue;
      ids.push(id);
      windows.push({ memory, samples });
      if (windows.length === BATCH_WINDOWS) break;
    }
    const probabilities = await this.#silero.judge(windows);
    this.#reply({ kind: 'heard', streams: Uint32Array.from(ids), probabilities });
    // Behind everyone else: a caller with much to catch up on does not hold up the others.
    for (const id of ids) if ((this.#streams.get(id)?.waiting.length ?? 0) > 0) this.#ready.add(id);
  }

  #stream(id: number): Stream {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    const stream = { memory: new SileroMemory(), waiting: [] };
    this.#streams.set(id, stream);
    return stream;
  }
}

/** Runs only as a thread of the embedded voice activity. */
async function serve(port: NonNullable<typeof parentPort>, { ended }: SileroSettings): Promise<void> {
  const reply = (message: SileroReply): void => port.postMessage(message);
  const queue = new SileroQueue(await Silero.load(), reply);
  port.on('message', (request: SileroRequest | typeof SILERO_END) => {
    // Messages come between two batches: native code is not under way. In a thread this ends the thread alone.
    if (request === SILERO_END) {
      Atomics.store(ended, 0, 1);
      Atomics.notify(ended, 0);
      process.exit();
    }
    void queue.take(request).catch(die);
  });
  reply({ kind: 'ready' });
}

/** Ends this thread, so that its engine is told and starts another: thrown out of reach of any promise. */
function die(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

if (parentPort !== null) await serve(parentPort, workerData as SileroSettings);

import { FRAME_SAMPLES, keyOfGreeting, keyOfSamples } from './echo-frame.ts';

/** The parts of the worker's ports (`worker/speech/ports.ts`) that this engine has to do with. */
interface WindowListener {
  onWindow(probability: number, endSample: number): void;
}

interface Speech {
  readonly samples: Int16Array;
  readonly sampleRateHz: number;
}

const RATE_HZ = 16_000;
/** Silence is told of every 100 ms: often enough for the worker to know that nobody speaks. */
const WINDOW_SAMPLES = RATE_HZ / 10;
/** Frames waiting for one caller's voice; beyond it the oldest is lost, and its caller will miss it. */
const MOST_WAITING = 1000;
/** Memory is made for so many frames at once. */
const FRAMES_PER_SLAB = 8;

/** One caller's way back, as speech that goes on until `signal` aborts: frames in, frames out, as soon as somebody asks for the next. */
class EchoLine implements AsyncIterableIterator<Speech> {
  readonly #waiting: Int16Array[] = [];
  readonly #onEnd: () => void;
  #slab = new Int16Array(FRAMES_PER_SLAB * FRAME_SAMPLES);
  #slabUsed = 0;
  #asked: ((next: IteratorResult<Speech, undefined>) => void) | undefined;
  #isOver = false;

  /** `onEnd` is called once, when nothing more comes. */
  constructor(signal: AbortSignal, onEnd: () => void) {
    this.#onEnd = onEnd;
    signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  /** Copies a frame out of the samples, from `at` on: what waits has to be the line's own. */
  push(samples: Int16Array, at: number): void {
    const frame = this.#copy(samples, at);
    if (this.#asked !== undefined) return this.#answer(frame);
    if (this.#waiting.length >= MOST_WAITING) this.#waiting.shift();
    this.#waiting.push(frame);
  }

  /** The next frame, for whoever asks, one at a time. */
  next(): Promise<IteratorResult<Speech, undefined>> {
    const frame = this.#waiting.shift();
    if (frame !== undefined) return Promise.resolve({ done: false, value: { samples: frame, sampleRateHz: RATE_HZ } });
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    // Whoever asks again is done with all that came before.
    this.#slabUsed = 0;
    return new Promise((resolve) => {
      this.#asked = resolve;
    });
  }

  return(): Promise<IteratorResult<Speech, undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #copy(samples: Int16Array, at: number): Int16Array {
    if (this.#slabUsed === this.#slab.length) {
      this.#slab = new Int16Array(this.#slab.length);
      this.#slabUsed = 0;
    }
    const frame = this.#slab.subarray(this.#slabUsed, this.#slabUsed + FRAME_SAMPLES);
    frame.set(samples.length === FRAME_SAMPLES ? samples : samples.subarray(at, at + FRAME_SAMPLES));
    this.#slabUsed += FRAME_SAMPLES;
    return frame;
  }

  #answer(frame: Int16Array): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.({ done: false, value: { samples: frame, sampleRateHz: RATE_HZ } });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting.length = 0;
    this.#asked?.({ done: true, value: undefined });
    this.#onEnd();
  }
}

/** The lines of callers whose agents are speaking, by key: what a caller's frames are marked with. */
type EchoLines = Map<number, EchoLine>;

/**
 * Sends every marked frame back at once: what is left of a frame's way is the fleet's own, in both directions, without any
 * time of an engine. It hears by `voiceActivity`, to which all is silence, and speaks by `synthesizer`: the sentence
 * "echo <key>", which a session has as its greeting, sounds for as long as frames with that key come in. Its first frame is
 * silence and says that the line stands. With ECHO_WORK_US it computes for so long on each marked frame, as an engine does that has no
 * thread of its own.
 */
function echoEngine() {
  const lines: EchoLines = new Map();
  const workMs = Number(process.env['ECHO_WORK_US'] ?? 0) / 1000;
  const close = async (): Promise<void> => lines.clear();
  return {
    name: 'echo',
    voiceActivity: async () => ({ name: 'echo', open: (listener: WindowListener) => new EchoEar(lines, listener, workMs), close }),
    synthesizer: async () => ({
      name: 'echo', voices: ['echo'], close,
      synthesize: ({ text }: { readonly text: string }, signal: AbortSignal) => echoes(lines, text, signal),
    }),
  };
}

/** What `ENGINE_MODULES` loads. */
export const engine = echoEngine();

/** Keeps the thread from everything else for so long; answers how often it looked at the clock. */
function work(forMs: number): number {
  const untilMs = performance.now() + forMs;
  let looks = 0;
  while (performance.now() < untilMs) looks += 1;
  return looks;
}

class EchoEar {
  readonly #lines: EchoLines;
  readonly #listener: WindowListener;
  readonly #workMs: number;
  #taken = 0;
  #toldUpTo = 0;
  #state: 'open' | 'closed' = 'open';

  constructor(lines: EchoLines, listener: WindowListener, workMs: number) {
    this.#lines = lines;
    this.#listener = listener;
    this.#workMs = workMs;
  }

  push(samples: Int16Array): void {
    for (let at = 0; at < samples.length; at += FRAME_SAMPLES) {
      const key = keyOfSamples(samples, at);
      if (key !== undefined) this.#hear(key, samples, at);
    }
    this.#taken += samples.length;
    if (this.#taken - this.#toldUpTo < WINDOW_SAMPLES) return;
    const endSample = this.#taken;
    this.#toldUpTo = endSample;
    setImmediate(() => {
      if (this.#state === 'open') this.#listener.onWindow(0, endSample);
    });
  }

  #hear(key: number, samples: Int16Array, at: number): void {
    if (this.#workMs > 0) work(this.#workMs);
    this.#lines.get(key)?.push(samples, at);
  }

  close(): void {
    this.#state = 'closed';
  }
}

function echoes(lines: EchoLines, text: string, signal: AbortSignal): AsyncIterable<Speech> {
  const key = keyOfGreeting(text);
  const line: EchoLine = new EchoLine(signal, () => {
    if (key !== undefined && lines.get(key) === line) lines.delete(key);
  });
  if (key === undefined) void line.return();
  else {
    lines.set(key, line);
    line.push(new Int16Array(FRAME_SAMPLES), 0);
  }
  return line;
}

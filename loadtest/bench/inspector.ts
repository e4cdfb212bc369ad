import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { AllocationProfile } from './allocation-profile.ts';
import type { CpuProfile } from './cpu-profile.ts';

/** Flag of Node that opens an inspector on a free port of this machine. */
export const INSPECT = '--inspect=127.0.0.1:0';

const ADDRESS = /^Debugger listening on (ws:\/\/\S+)$/;
const ANSWER_WITHIN_MS = 30_000;
/** Microseconds between two looks at what a process does. */
const SAMPLING_US = 250;
/** Bytes allocated, on average, between two looks at who does. */
const SAMPLING_BYTES = 16_384;

/** Where a process that was started with INSPECT says that its inspector is; undefined where the line says nothing of it. */
export function inspectorAddress(line: string): string | undefined {
  return ADDRESS.exec(line)?.[1];
}

/** Looks into a running process of Node over the Chrome DevTools Protocol. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const answer = JSON.parse(data.toString()) as Answer;
      if (answer.id === undefined) return;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    // A process that is gone answers nothing: who waits hears of it by the time-out.
    socket.on('error', () => undefined);
  }

  /** Rejects where nobody listens there. */
  static async open(address: string): Promise<Inspector> {
    const socket = new WebSocket(address, { perMessageDeflate: false });
    await once(socket, 'open');
    return new Inspector(socket);
  }

  /** Bytes of JavaScript objects and of buffers outside the heap that are alive: garbage is collected before it is counted. */
  async liveBytes(): Promise<{ readonly heap: number; readonly buffers: number }> {
    // Finalizers of one collection free what the next one finds.
    for (let i = 0; i < 2; i += 1) await this.#ask('HeapProfiler.collectGarbage');
    const { result } = await this.#ask('Runtime.evaluate', { expression: 'JSON.stringify(process.memoryUsage())', returnByValue: true });
    const text = isRecord(result) && isRecord(result['result']) ? result['result']['value'] : undefined;
    if (typeof text !== 'string') throw new Error('the inspector did not tell the memory of its process');
    const { heapUsed, arrayBuffers } = JSON.parse(text) as NodeJS.MemoryUsage;
    return { heap: heapUsed, buffers: arrayBuffers };
  }

  /** Looks what the process does until `work` is done. */
  async profiled(work: () => Promise<unknown>): Promise<CpuProfile> {
    await this.#ask('Profiler.enable');
    await this.#ask('Profiler.setSamplingInterval', { interval: SAMPLING_US });
    await this.#ask('Profiler.start');
    await work();
    const { result } = await this.#ask('Profiler.stop');
    if (!isRecord(result)) throw new Error('the inspector gave no profile');
    return result['profile'] as CpuProfile;
  }

  /** Looks what the process allocates until `work` is done, garbage included. */
  async allocationsDuring(work: () => Promise<unknown>): Promise<AllocationProfile> {
    const everything = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
    await this.#ask('HeapProfiler.startSampling', { samplingInterval: SAMPLING_BYTES, ...everything });
    await work();
    const { result } = await this.#ask('HeapProfiler.stopSampling');
    if (!isRecord(result)) throw new Error('the inspector gave no profile of allocations');
    return result['profile'] as AllocationProfile;
  }

  close(): void {
    this.#socket.terminate();
  }

  async #ask(method: string, params: object = {}): Promise<Answer> {
    this.#asked += 1;
    const id = this.#asked;
    const answer = await new Promise<Answer>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no answer to ${method} within ${ANSWER_WITHIN_MS / 1000} s`)), ANSWER_WITHIN_MS);
      this.#waiting.set(id, (answered) => {
        clearTimeout(late);
        resolve(answered);
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer;
  }
}

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

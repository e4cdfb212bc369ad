import { EngineError, type FinalTranscript } from '../ports.ts';
import type { RecognizerLane, RecognizerTask } from './recognizer-lane.ts';

/** A final on its way. */
export interface PendingFinal {
  /** Rejects with EngineError. */
  readonly transcript: Promise<FinalTranscript>;
  /** Gives up on it: it rejects with the reason, if it has not settled. */
  readonly cancel: (reason: EngineError) => void;
}

/** Spreads work over lanes, each task to the one with the least to do. */
export class RecognizerPool {
  /** None once closed. */
  #lanes: readonly RecognizerLane[];

  constructor(lanes: readonly RecognizerLane[]) {
    this.#lanes = lanes;
  }

  /** Makes a bias ready on every lane; one that cannot be is told by its first turn. */
  warm(phrases: readonly string[]): void {
    const task = { work: { kind: 'warm', phrases }, onReply: () => undefined, onFailure: () => undefined } as const;
    for (const lane of this.#lanes) lane.submit(task);
  }

  /** Decodes a whole turn. The samples move away. */
  decodeFinal(phrases: readonly string[], samples: Int16Array<ArrayBuffer>): PendingFinal {
    const { promise, resolve, reject } = withResolvers<FinalTranscript>();
    const task: RecognizerTask = {
      work: { kind: 'final', phrases, samples },
      onReply: (reply) => {
        if (reply.kind === 'final') resolve(reply.transcript);
        else if (reply.kind === 'failed') reject(new EngineError(reply.message, reply.retryable));
      },
      onFailure: reject,
    };
    const lane = this.#calmest();
    if (lane === undefined) reject(new EngineError('the recognizer is closed', false));
    else if (!lane.submit(task)) reject(new EngineError('too many turns are waiting to be recognized', true));
    const cancel = (reason: EngineError): void => {
      lane?.cancel(task);
      reject(reason);
    };
    return { transcript: promise, cancel };
  }

  /** Decodes a turn so far, if a lane has nothing else to do. */
  decodePartial(phrases: readonly string[], samples: () => Int16Array<ArrayBuffer>, onText: (text: string) => void): void {
    const lane = this.#calmest();
    if (lane === undefined || lane.load > 0) return;
    lane.submit({
      work: { kind: 'partial', phrases, samples: samples() },
      onReply: (reply) => {
        if (reply.kind === 'partial') onText(reply.text);
      },
      onFailure: () => undefined,
    });
  }

  async close(): Promise<void> {
    const lanes = this.#lanes;
    this.#lanes = [];
    await Promise.all(lanes.map((lane) => lane.close()));
  }

  #calmest(): RecognizerLane | undefined {
    return this.#lanes.reduce<RecognizerLane | undefined>((best, lane) => (best === undefined || lane.load < best.load ? lane : best), undefined);
  }
}

/** Promise.withResolvers, which Node has from 22 on. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: EngineError) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: EngineError) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

import { EngineError, type FinalTranscript } from '../ports.ts';
import type { Bias } from './bias-names.ts';
import { RecognizerLane, type RecognizerLaneOptions, type RecognizerTask } from './recognizer-lane.ts';

/** Finals that may wait per lane; at a fifth of a second each, the last one is later than any caller waits. */
const MAX_WAITING_FINALS = 64;
/** Biases that may wait to be made ready; beyond it the oldest is left to its first turn. */
const MAX_WAITING_WARMS = 16;

/** A final on its way. */
export interface PendingFinal {
  /** Rejects with EngineError. */
  readonly transcript: Promise<FinalTranscript>;
  /** Gives up on it: it rejects with the reason, if it has not settled. It is not decoded any more, unless it is being decoded already. */
  readonly cancel: (reason: EngineError) => void;
}

export interface RecognizerPoolOptions extends RecognizerLaneOptions {
  /** How many lanes, at least one. */
  readonly lanes: number;
}

/** A bias to be made ready, and the lanes on which it was not tried yet. */
interface Warm {
  readonly bias: Bias;
  readonly lanes: readonly RecognizerLane[];
}

/**
 * Spreads work over lanes. Finals wait for the first lane that is free and go before everything else. Whatever may be
 * done without (the guess that a turn is over, a partial, making a bias ready) is begun on an idle lane only, while no
 * final waits.
 */
export class RecognizerPool {
  /** None once closed. */
  #lanes: readonly RecognizerLane[];
  #finals: RecognizerTask[] = [];
  #warms: Warm[] = [];
  #isWarming = false;

  constructor(options: RecognizerPoolOptions) {
    this.#lanes = Array.from({ length: options.lanes }, () => new RecognizerLane(options, () => this.#next()));
  }

  /** Makes a bias ready on every lane, one after the other, when they have nothing else to do; one that cannot be is told by its first turn. */
  warm(bias: Bias): void {
    // The last of equals stands for all: many sessions of one agent may start at once.
    this.#warms = [...this.#warms.filter((warm) => warm.bias.id !== bias.id), { bias, lanes: this.#lanes }].slice(-MAX_WAITING_WARMS);
    this.#next();
  }

  /** Decodes a whole turn. The samples move away. */
  decodeFinal(bias: Bias, samples: Int16Array<ArrayBuffer>): PendingFinal {
    const { task, pending, refuse } = this.#final(bias, samples);
    if (this.#lanes.length === 0) refuse(new EngineError('the recognizer is closed', false));
    else if (this.#finals.length >= MAX_WAITING_FINALS * this.#lanes.length) refuse(new EngineError('too many turns are waiting to be recognized', true));
    else this.#finals.push(task);
    this.#next();
    return pending;
  }

  /** Decodes a turn that may turn out to go on, at once or not at all: `undefined` where no lane is free. */
  guessFinal(bias: Bias, samples: () => Int16Array<ArrayBuffer>): PendingFinal | undefined {
    const lane = this.#free();
    if (lane === undefined) return undefined;
    const { task, pending } = this.#final(bias, samples());
    return lane.start(task) ? pending : undefined;
  }

  /** Decodes a turn so far, at once or not at all: false where no lane is free. Else it calls back once; '' for nothing. */
  decodePartial(bias: Bias, samples: () => Int16Array<ArrayBuffer>, onText: (text: string) => void): boolean {
    return this.#free()?.start({
      bias,
      work: { kind: 'partial', samples: samples() },
      onReply: (reply) => onText(reply.kind === 'partial' ? reply.text : ''),
      onFailure: () => onText(''),
    }) ?? false;
  }

  async close(): Promise<void> {
    const lanes = this.#lanes;
    const waiting = this.#finals.splice(0);
    this.#lanes = [];
    this.#warms = [];
    for (const task of waiting) task.onFailure(new EngineError('the recognizer is closed', false));
    await Promise.all(lanes.map((lane) => lane.close()));
  }

  /** A lane for what may be done without. */
  #free(): RecognizerLane | undefined {
    return this.#finals.length > 0 ? undefined : this.#lanes.find((lane) => lane.isIdle);
  }

  #final(bias: Bias, samples: Int16Array<ArrayBuffer>): { task: RecognizerTask; pending: PendingFinal; refuse: (error: EngineError) => void } {
    const { promise, resolve, reject } = withResolvers<FinalTranscript>();
    const task: RecognizerTask = {
      bias,
      work: { kind: 'final', samples },
      onReply: (reply) => {
        if (reply.kind === 'final') resolve(reply.transcript);
        else if (reply.kind === 'failed') reject(new EngineError(reply.message, reply.retryable));
      },
      onFailure: reject,
    };
    const cancel = (reason: EngineError): void => {
      this.#finals = this.#finals.filter((waiting) => waiting !== task);
      for (const lane of this.#lanes) lane.cancel(task);
      reject(reason);
    };
    return { task, pending: { transcript: promise, cancel }, refuse: reject };
  }

  #next(): void {
    for (const lane of this.#lanes) {
      const [final] = this.#finals;
      if (final !== undefined && lane.start(final)) this.#finals.shift();
    }
    this.#warmOne();
  }

  /** Begins to make one bias ready on one lane that no final wanted: the other lanes stay with the callers. */
  #warmOne(): void {
    this.#warms = this.#warms
      .map(({ bias, lanes }) => ({ bias, lanes: lanes.filter((lane) => !lane.has(bias)) }))
      .filter(({ lanes }) => lanes.length > 0);
    if (this.#isWarming) return;
    const warm = this.#warms.find(({ lanes }) => lanes.some((lane) => lane.isIdle));
    const lane = warm?.lanes.find(({ isIdle }) => isIdle);
    if (warm === undefined || lane === undefined) return;
    const done = (): void => {
      this.#isWarming = false;
    };
    this.#isWarming = lane.start({ bias: warm.bias, work: { kind: 'warm' }, onReply: done, onFailure: done });
    // Once each, or else a bias that cannot be opened, or soon makes room for another, would never be done with.
    if (this.#isWarming) this.#warms = this.#warms.map((other) => (other === warm ? { ...warm, lanes: warm.lanes.filter((tried) => tried !== lane) } : other));
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

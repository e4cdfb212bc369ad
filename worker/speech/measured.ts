import { nowMs } from '../../shared/runtime/clock.ts';
import { withinDeadline } from '../engine-deadline.ts';
import type { EngineNeed } from './engines.ts';
import type { EngineModule, Recognizer, RecognizerStream, Responder, Synthesizer, VoiceActivity } from './ports.ts';

/** What is measured of engines; `need` and `engine` come from the modules a worker has, so their set is closed. */
export interface EngineMeter {
  /** The engine exists: it is shown before it is first asked. */
  known(need: EngineNeed, engine: string): void;
  /** A recognizer's final transcript, another one's first piece, came after so long. */
  took(need: EngineNeed, engine: string, seconds: number): void;
  failed(need: EngineNeed, engine: string): void;
}

/** One engine of one need, as its meter knows it. */
interface Gauge {
  took(sinceMs: number): void;
  failed(): void;
}

/** The same module, each of whose engines is measured. One that gives nothing for `deadlineMs` has failed. */
export function measured(module: EngineModule, meter: EngineMeter, deadlineMs: number): EngineModule {
  const { name, computesHere, voiceActivity, recognizer, responder, synthesizer } = module;
  const wrap = <C, T>(need: EngineNeed, make: ((context: C) => Promise<T>) | undefined, wrapped: (engine: T, gauge: Gauge) => T): ((context: C) => Promise<T>) | undefined => {
    if (make === undefined) return undefined;
    meter.known(need, name);
    const gauge: Gauge = { took: (sinceMs) => meter.took(need, name, (nowMs() - sinceMs) / 1000), failed: () => meter.failed(need, name) };
    return async (context) => wrapped(await counted(make(context), gauge), gauge);
  };
  const made = {
    voiceActivity: wrap('voice_activity', voiceActivity, measuredVoiceActivity),
    recognizer: wrap('recognizer', recognizer, (engine, gauge) => measuredRecognizer(engine, gauge, deadlineMs)),
    responder: wrap('responder', responder, measuredResponder),
    synthesizer: wrap('synthesizer', synthesizer, measuredSynthesizer),
  };
  return {
    name,
    ...(computesHere === undefined ? {} : { computesHere }),
    ...(made.voiceActivity === undefined ? {} : { voiceActivity: made.voiceActivity }),
    ...(made.recognizer === undefined ? {} : { recognizer: made.recognizer }),
    ...(made.responder === undefined ? {} : { responder: made.responder }),
    ...(made.synthesizer === undefined ? {} : { synthesizer: made.synthesizer }),
  };
}

function measuredVoiceActivity(engine: VoiceActivity, gauge: Gauge): VoiceActivity {
  return {
    name: engine.name,
    open: (listener) =>
      engine.open({
        onWindow: (probability, endSample) => listener.onWindow(probability, endSample),
        onFailure: (error) => {
          gauge.failed();
          listener.onFailure(error);
        },
      }),
    close: () => engine.close(),
  };
}

function measuredRecognizer(engine: Recognizer, gauge: Gauge, deadlineMs: number): Recognizer {
  const measuredStream = (stream: RecognizerStream): RecognizerStream => ({
    push: (samples) => stream.push(samples),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    abort: () => stream.abort(),
    finish: async () => {
      const sinceMs = nowMs();
      const final = await counted(withinDeadline(stream.finish(), deadlineMs, 'the recognizer'), gauge);
      gauge.took(sinceMs);
      return final;
    },
  });
  return {
    name: engine.name,
    warm: (bias) => engine.warm(bias),
    open: (bias, listener, call) => measuredStream(engine.open(bias, listener, call)),
    close: () => engine.close(),
  };
}

function measuredResponder(engine: Responder, gauge: Gauge): Responder {
  return {
    name: engine.name,
    phrases: (agent) => engine.phrases(agent),
    respond: (request, signal) => measuredPieces(engine.respond(request, signal), signal, gauge),
    close: () => engine.close(),
  };
}

function measuredSynthesizer(engine: Synthesizer, gauge: Gauge): Synthesizer {
  return {
    name: engine.name,
    voices: engine.voices,
    synthesize: (request, signal) => measuredPieces(engine.synthesize(request, signal), signal, gauge),
    close: () => engine.close(),
  };
}

function measuredPieces<T>(pieces: AsyncIterable<T>, signal: AbortSignal, gauge: Gauge): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => new MeasuredPieces(pieces[Symbol.asyncIterator](), signal, gauge) };
}

/** An iterator of its own, not a generator: it has to hear of being given up while it still waits for a piece. */
class MeasuredPieces<T> implements AsyncIterator<T> {
  readonly #pieces: AsyncIterator<T>;
  readonly #signal: AbortSignal;
  readonly #gauge: Gauge;
  readonly #sinceMs = nowMs();
  #state: 'begun' | 'flowing' | 'over' = 'begun';
  #isAsking = false;

  constructor(pieces: AsyncIterator<T>, signal: AbortSignal, gauge: Gauge) {
    this.#pieces = pieces;
    this.#signal = signal;
    this.#gauge = gauge;
  }

  next(): Promise<IteratorResult<T>> {
    this.#isAsking = true;
    return this.#pieces.next().then(this.#onPiece, this.#onFailure);
  }

  async return(): Promise<IteratorResult<T>> {
    // Whoever asked for a piece did not wait any longer: its deadline passed.
    if (this.#isAsking) this.#failed();
    this.#state = 'over';
    return (await this.#pieces.return?.()) ?? { done: true, value: undefined };
  }

  readonly #onPiece = (next: IteratorResult<T>): IteratorResult<T> => {
    this.#isAsking = false;
    const isEnd = next.done === true;
    if (this.#state === 'begun' && !isEnd && !this.#signal.aborted) this.#gauge.took(this.#sinceMs);
    if (this.#state !== 'over') this.#state = isEnd ? 'over' : 'flowing';
    return next;
  };

  readonly #onFailure = (error: unknown): never => {
    this.#isAsking = false;
    this.#failed();
    throw error;
  };

  #failed(): void {
    if (this.#state !== 'over' && !this.#signal.aborted) this.#gauge.failed();
    this.#state = 'over';
  }
}

async function counted<T>(work: Promise<T>, gauge: Gauge): Promise<T> {
  try {
    return await work;
  } catch (error) {
    gauge.failed();
    throw error;
  }
}

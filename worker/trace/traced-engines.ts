import type { SessionConfig } from '../../shared/protocol/agent-config.ts';
import type { OpenSpan } from '../../shared/runtime/tracing-span.ts';
import type { Tracer } from '../../shared/runtime/tracing.ts';
import type { ConversationItem } from '../../shared/session/record.ts';
import type { Lease } from '../../shared/session/store.ts';
import type { Engines } from '../speech/engines.ts';
import { EngineError, type Recognizer, type RecognizerStream, type Responder, type Synthesizer } from '../speech/ports.ts';
import { SessionTrace } from './session-trace.ts';

/** The engines of one session. */
export type SessionEngines = Pick<Engines, 'voiceActivity' | 'recognizer' | 'responder' | 'synthesizer' | 'computesHere'>;

/** A session as it was claimed, as far as its trace is made of it. */
interface Claimed {
  readonly config: SessionConfig;
  readonly lease: Lease;
  /** W3C `traceparent` of the claim, where the gateway traces. */
  readonly trace: string | undefined;
  readonly items: readonly ConversationItem[];
}

/** What a claimed session is given: its trace, where traces are on, and engines whose calls are told there. */
export function traced(
  engines: SessionEngines, tracer: Tracer | undefined, workerId: string, { config, lease, trace: claim, items }: Claimed,
): { readonly engines: SessionEngines; readonly trace: SessionTrace | undefined } {
  const trace = tracer === undefined ? undefined : new SessionTrace({ tracer, config, workerId, fence: lease.fence, claim, items });
  return { trace, engines: tracedEngines(engines, trace) };
}

/** The same engines, whose calls are spans of the session's turns and know so. Without a trace they are the same objects. */
function tracedEngines(engines: SessionEngines, trace: SessionTrace | undefined): SessionEngines {
  if (trace === undefined) return engines;
  return {
    voiceActivity: (name) => engines.voiceActivity(name),
    recognizer: async (name) => tracedRecognizer(await engines.recognizer(name), trace),
    responder: async (name) => {
      const engine = await engines.responder(name);
      return tracedResponder(engine, () => trace.call('responder', engine.name));
    },
    synthesizer: async (name) => tracedSynthesizer(await engines.synthesizer(name), trace),
    computesHere: (need, name) => engines.computesHere(need, name),
  };
}

/** A responder each of whose answers is the span that `begin` opens. */
export function tracedResponder(engine: Responder, begin: () => OpenSpan | undefined): Responder {
  return {
    name: engine.name,
    phrases: (agent) => engine.phrases(agent),
    respond: (request, signal) => {
      // Who is in a trace already is in no other.
      const span = request.traceparent === undefined ? begin() : undefined;
      return span === undefined ? engine.respond(request, signal) : tracedPieces(engine.respond({ ...request, traceparent: span.traceparent }, signal), span, signal);
    },
    close: () => engine.close(),
  };
}

function tracedSynthesizer(engine: Synthesizer, trace: SessionTrace): Synthesizer {
  return {
    name: engine.name,
    voices: engine.voices,
    synthesize: (request, signal) => {
      const span = trace.call('synthesizer', engine.name);
      return span === undefined ? engine.synthesize(request, signal) : tracedPieces(engine.synthesize({ ...request, traceparent: span.traceparent }, signal), span, signal);
    },
    close: () => engine.close(),
  };
}

function tracedRecognizer(engine: Recognizer, trace: SessionTrace): Recognizer {
  return {
    name: engine.name,
    warm: (bias) => engine.warm(bias),
    open: (bias, listener) => {
      const span = trace.call('recognizer', engine.name);
      return span === undefined ? engine.open(bias, listener) : tracedStream(engine.open(bias, listener, { traceparent: span.traceparent }), span);
    },
    close: () => engine.close(),
  };
}

function tracedStream(stream: RecognizerStream, span: OpenSpan): RecognizerStream {
  return {
    push: (samples) => stream.push(samples),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    finish: async () => {
      span.event('finish');
      try {
        const final = await stream.finish();
        span.end({ attributes: { 'voxfleet.outcome': final.outcome } });
        return final;
      } catch (error) {
        span.end({ error });
        throw error;
      }
    },
    abort: () => {
      stream.abort();
      span.end({ attributes: { 'voxfleet.outcome': 'aborted' } });
    },
  };
}

/** The span is over with the last piece, with an error, or when nobody wants more of them. */
function tracedPieces<T>(pieces: AsyncIterable<T>, span: OpenSpan, signal: AbortSignal): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => new TracedPieces(pieces[Symbol.asyncIterator](), span, signal) };
}

/** An iterator of its own, not a generator: it has to hear of being given up while it still waits for a piece. */
class TracedPieces<T> implements AsyncIterator<T> {
  readonly #pieces: AsyncIterator<T>;
  readonly #span: OpenSpan;
  readonly #signal: AbortSignal;
  #state: 'begun' | 'flowing' = 'begun';
  #isAsking = false;

  constructor(pieces: AsyncIterator<T>, span: OpenSpan, signal: AbortSignal) {
    this.#pieces = pieces;
    this.#span = span;
    this.#signal = signal;
  }

  async next(): Promise<IteratorResult<T>> {
    this.#isAsking = true;
    try {
      const next = await this.#pieces.next();
      this.#came(next.done === true);
      return next;
    } catch (error) {
      this.#over(error);
      throw error;
    } finally {
      this.#isAsking = false;
    }
  }

  async return(): Promise<IteratorResult<T>> {
    // Whoever asked for a piece did not wait any longer: its deadline passed.
    this.#over(this.#isAsking ? new EngineError('deadline', true) : undefined);
    return (await this.#pieces.return?.()) ?? { done: true, value: undefined };
  }

  #came(isEnd: boolean): void {
    if (isEnd) return this.#over(undefined);
    if (this.#state === 'begun') this.#span.event('first_piece');
    this.#state = 'flowing';
  }

  #over(error: unknown): void {
    if (this.#signal.aborted) this.#span.end({ attributes: { 'voxfleet.outcome': 'aborted' } });
    else this.#span.end(error === undefined ? {} : { error });
  }
}

import { LATENCY_STAGES, type LatencyStage, type StageLatencies } from '../../shared/protocol/agent-event.ts';
import { nowMs } from '../../shared/runtime/clock.ts';
import { newSpanId, writeTraceparent, type TraceContext } from '../../shared/runtime/tracing-context.ts';
import { OpenSpan } from '../../shared/runtime/tracing-span.ts';
import type { SpanAttributes, SpanEvent, SpanRecord, Tracer } from '../../shared/runtime/tracing.ts';
import type { EngineNeed } from '../speech/engines.ts';

/** How a turn ended. `spoken_on`: the caller said more before there was an answer, which then is for both. */
export type TurnOutcome = 'played' | 'interrupted' | 'spoken_on' | 'failed';

export interface TurnTraceOptions {
  readonly tracer: Tracer;
  /** Of the turn's outermost span. */
  readonly context: TraceContext;
  /** Everything in it says so. */
  readonly attributes: SpanAttributes;
  readonly links: readonly TraceContext[];
  readonly startMs: number;
  /** Whether it is certain that there is a turn: not while it may be nothing but a cough. */
  readonly isCertain: boolean;
}

/** The stages that a gateway measures and tells itself. */
const GATEWAY_STAGES: readonly LatencyStage[] = ['gateway', 'egress'];

/** The trace of one turn as far as this worker has it: spans are made when their moments are known, and told once it is certain that there is a turn. */
export class TurnTrace {
  readonly #options: TurnTraceOptions;
  readonly #links: TraceContext[];
  readonly #events: SpanEvent[] = [];
  #startMs: number;
  /** Where the turn is not certain yet: what is to be told. */
  #held: SpanRecord[] | undefined;
  #speakingMs: number | undefined;
  #hasFailed = false;

  constructor(options: TurnTraceOptions) {
    this.#options = options;
    this.#startMs = options.startMs;
    this.#links = [...options.links];
    this.#held = options.isCertain ? undefined : [];
  }

  /** Whether the turn is recorded. */
  get isSampled(): boolean {
    return this.#options.context.isSampled;
  }

  /** How others name the turn. */
  get traceparent(): string {
    return writeTraceparent(this.#options.context);
  }

  /** Whether the caller's words are understood, or the agent speaks of its own accord. */
  get isCertain(): boolean {
    return this.#held === undefined;
  }

  /** An engine is asked for something. */
  call(need: EngineNeed, engine: string): OpenSpan {
    const { context, attributes } = this.#options;
    const start = { name: need, parent: context, kind: 'client', attributes: { ...attributes, 'voxfleet.need': need, 'voxfleet.engine': engine } } as const;
    return new OpenSpan(start, (span) => this.#tell(span));
  }

  /** It is a turn. */
  certain(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const span of held) this.#tell(span);
  }

  /** The session came from another worker while this turn was under way; `claim` is how. */
  takenOver(claim: TraceContext | undefined, atMs: number, attributes: SpanAttributes): void {
    if (claim !== undefined) this.#links.push(claim);
    this.#events.push({ name: 'takeover', atMs, attributes });
  }

  /** The first audio of the answer has left: its latency, where it answers the caller's speech. Answers when that speech ended. */
  answered(stages: StageLatencies | undefined): number | undefined {
    const atMs = nowMs();
    this.#speakingMs = atMs;
    if (stages === undefined) return undefined;
    let stageMs = atMs - LATENCY_STAGES.reduce((sum, stage) => (stage === 'egress' ? sum : sum + stages[stage]), 0);
    const speechEndMs = stageMs;
    this.#startMs = Math.min(this.#startMs, speechEndMs);
    for (const stage of LATENCY_STAGES) {
      const endMs = stageMs + stages[stage];
      if (!GATEWAY_STAGES.includes(stage)) this.#child(stage, stageMs, endMs);
      stageMs = endMs;
    }
    return speechEndMs;
  }

  /** The agent goes on speaking where an earlier owner of the session was. */
  speaksOn(): void {
    this.#speakingMs = nowMs();
  }

  /** There was no turn after all: nothing is told of it, unless that is because an engine failed. */
  discard(): void {
    if (this.#hasFailed) this.end('failed');
  }

  /** The turn is over. */
  end(outcome: TurnOutcome): void {
    this.certain();
    const endMs = nowMs();
    if (this.#speakingMs !== undefined) this.#child('speaking', this.#speakingMs, endMs);
    const { tracer, context, attributes } = this.#options;
    tracer.record({
      name: 'turn', context, startMs: this.#startMs, endMs, links: this.#links, events: this.#events, isError: this.#hasFailed,
      attributes: { ...attributes, 'voxfleet.outcome': outcome },
    });
  }

  #child(name: string, startMs: number, endMs: number): void {
    const { context, attributes } = this.#options;
    this.#tell({ name, context: { ...context, spanId: newSpanId() }, parent: context, startMs, endMs, attributes });
  }

  #tell(span: SpanRecord): void {
    this.#hasFailed ||= span.isError === true;
    if (this.#held === undefined) this.#options.tracer.record(span);
    else this.#held.push(span);
  }
}

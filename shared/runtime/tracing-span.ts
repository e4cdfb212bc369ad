import { nowMs } from './clock.ts';
import { newSpanId, writeTraceparent, type TraceContext } from './tracing-context.ts';
import type { SpanAttributes, SpanEvent, SpanKindName, SpanRecord, Tracer } from './tracing.ts';

/** How a span begins. */
export interface SpanStart {
  readonly name: string;
  readonly parent: TraceContext;
  readonly kind?: SpanKindName;
  readonly attributes: SpanAttributes;
  readonly links?: readonly TraceContext[];
  /** Now, where absent. */
  readonly startMs?: number;
}

/** How a span ended. */
export interface SpanEnd {
  readonly attributes?: SpanAttributes;
  /** What it failed of: its kind is told, not its message, which may hold anything. */
  readonly error?: unknown;
}

/** A span that has begun: what it causes elsewhere can be told of it before it is over. */
export class OpenSpan {
  readonly context: TraceContext;
  readonly #start: SpanStart;
  readonly #startMs: number;
  readonly #record: (span: SpanRecord) => void;
  readonly #events: SpanEvent[] = [];
  #isOver = false;

  /** `record` is given the span once it is over. */
  constructor(start: SpanStart, record: (span: SpanRecord) => void) {
    const { traceId, isSampled } = start.parent;
    this.context = { traceId, spanId: newSpanId(), isSampled };
    this.#start = start;
    this.#startMs = start.startMs ?? nowMs();
    this.#record = record;
  }

  /** How a request to somebody else names it. */
  get traceparent(): string {
    return writeTraceparent(this.context);
  }

  /** Notes a moment of it. */
  event(name: string): void {
    this.#events.push({ name, atMs: nowMs(), attributes: {} });
  }

  /** It is over, which is said once. */
  end({ attributes = {}, error }: SpanEnd = {}): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { name, parent, kind, links } = this.#start;
    const failed = error === undefined ? {} : { 'error.type': errorType(error) };
    this.#record({
      name, context: this.context, parent, startMs: this.#startMs, endMs: nowMs(), events: this.#events, isError: error !== undefined,
      attributes: { ...this.#start.attributes, ...attributes, ...failed },
      ...(kind === undefined ? {} : { kind }), ...(links === undefined ? {} : { links }),
    });
  }
}

/** Begins a span that `tracer` is given at its end. */
export function openSpan(tracer: Tracer, start: SpanStart): OpenSpan {
  return new OpenSpan(start, (span) => tracer.record(span));
}

/** The class of an error; its message may quote what was said. */
export function errorType(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

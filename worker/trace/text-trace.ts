import { nowMs } from '../../shared/runtime/clock.ts';
import type { TraceContext } from '../../shared/runtime/tracing-context.ts';
import { OpenSpan } from '../../shared/runtime/tracing-span.ts';
import type { SpanAttributes, Tracer } from '../../shared/runtime/tracing.ts';

interface TextTraceOptions {
  readonly tracer: Tracer;
  /** Of the outermost span. */
  readonly context: TraceContext;
  readonly session: TraceContext;
  readonly attributes: SpanAttributes;
}

/** The trace of one text and its answer. */
export class TextTrace {
  readonly #options: TextTraceOptions;
  readonly #startMs = nowMs();
  #hasFailed = false;

  constructor(options: TextTraceOptions) {
    this.#options = options;
  }

  /** The responder is asked for the answer. */
  call(engine: string): OpenSpan {
    const { tracer, context, attributes } = this.#options;
    const start = { name: 'responder', parent: context, kind: 'client', attributes: { ...attributes, 'voxfleet.need': 'responder', 'voxfleet.engine': engine } } as const;
    return new OpenSpan(start, (span) => {
      this.#hasFailed ||= span.isError === true;
      tracer.record(span);
    });
  }

  /** The text is answered. */
  end(): void {
    const { tracer, context, session, attributes } = this.#options;
    tracer.record({ name: 'text', context, links: [session], startMs: this.#startMs, endMs: nowMs(), attributes, isError: this.#hasFailed });
  }
}

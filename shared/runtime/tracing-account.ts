import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { nowMs } from './clock.ts';
import type { Logger } from './log.ts';
import { closedCounter, type Counter, type Registry } from './metrics.ts';

/** `ExportResultCode.SUCCESS` of OpenTelemetry's core. */
const SUCCESS = 0;
/** Lines about a collector that cannot be reached come no more often. */
const COMPLAIN_EVERY_MS = 60_000;

/** Knows how many spans wait, counts what was sent and what was not, and complains now and then. */
export class SpanAccount {
  readonly #queueSize: number;
  readonly #log: Logger;
  readonly #spans: Counter<'outcome'>;
  #waiting = 0;
  /** Dropped since the last complaint. */
  #unsaid = 0;
  #complainedMs = Number.NEGATIVE_INFINITY;

  constructor(queueSize: number, registry: Registry, log: Logger) {
    this.#queueSize = queueSize;
    this.#log = log;
    this.#spans = closedCounter({
      name: 'voxfleet_trace_spans_total',
      help: 'Spans by what became of them: sent, or dropped because too many waited (queue_full) or the collector did not take them (not_taken); for any dropped, look at the collector.',
      label: 'outcome', values: ['sent', 'queue_full', 'not_taken'], registry,
    });
  }

  /** Whether there is room for one more span, which then waits. The processor would drop it too, but not say so. */
  admits(): boolean {
    if (this.#waiting >= this.#queueSize) {
      this.#lose('queue_full', 1, undefined);
      return false;
    }
    this.#waiting += 1;
    return true;
  }

  /** The exporter, its successes and failures counted. */
  watching(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) => {
        this.#waiting -= spans.length;
        exporter.export(spans, (result) => {
          const code: number = result.code;
          if (code === SUCCESS) this.#spans.inc({ outcome: 'sent' }, spans.length);
          else this.#lose('not_taken', spans.length, result.error);
          done(result);
        });
      },
      shutdown: () => exporter.shutdown(),
    };
  }

  /** Says what was not said yet. */
  close(): void {
    if (this.#unsaid > 0) this.#complain(undefined);
  }

  #lose(outcome: 'queue_full' | 'not_taken', spans: number, error: unknown): void {
    this.#spans.inc({ outcome }, spans);
    this.#unsaid += spans;
    if (nowMs() - this.#complainedMs >= COMPLAIN_EVERY_MS) this.#complain(error);
  }

  #complain(error: unknown): void {
    this.#complainedMs = nowMs();
    this.#log.warn({ err: error, spans: this.#unsaid }, 'spans were dropped: the collector of traces does not take them');
    this.#unsaid = 0;
  }
}

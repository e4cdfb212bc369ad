import type * as Api from '@opentelemetry/api';
import type * as Sdk from '@opentelemetry/sdk-trace-base';
import type { Resource } from '@opentelemetry/resources';
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs, wallMs } from './clock.ts';
import type { Logger } from './log.ts';
import type { Registry } from './metrics.ts';
import { SpanAccount } from './tracing-account.ts';
import { packageVersion } from './package-version.ts';
import type { TraceContext } from './tracing-context.ts';
import { tracingPlan, type TracingConfig, type TracingPlan } from './tracing-settings.ts';

/** Everything that spans say of themselves, by name: never what was said, nor who said it. */
export interface SpanAttributes {
  readonly 'voxfleet.session_id'?: string;
  readonly 'voxfleet.turn'?: number;
  readonly 'voxfleet.text_seq'?: number;
  readonly 'voxfleet.lane'?: string;
  readonly 'voxfleet.gateway_id'?: string;
  readonly 'voxfleet.worker_id'?: string;
  readonly 'voxfleet.lost_worker_id'?: string;
  readonly 'voxfleet.fence'?: number;
  readonly 'voxfleet.cause'?: string;
  readonly 'voxfleet.outcome'?: string;
  readonly 'voxfleet.need'?: string;
  readonly 'voxfleet.engine'?: string;
  readonly 'voxfleet.mouth_to_ear_ms'?: number;
  readonly 'error.type'?: string;
}

/** A span that is over. */
export interface SpanRecord {
  readonly name: string;
  /** Of the span itself. */
  readonly context: TraceContext;
  readonly parent?: TraceContext | undefined;
  readonly kind?: SpanKindName;
  /** By `nowMs`, as all moments here. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  readonly links?: readonly TraceContext[];
  readonly events?: readonly SpanEvent[];
  /** Failed: `error.type` says of what. */
  readonly isError?: boolean;
}

export interface SpanEvent {
  readonly name: string;
  readonly atMs: number;
  readonly attributes: SpanAttributes;
}

/** Whether a span is about this process alone, answers a request, or makes one. */
export type SpanKindName = 'internal' | 'server' | 'client';

/** What a process records spans with. Where traces are off there is none: no call, no object, no package loaded. */
export interface Tracer {
  /** Whether a span in this trace is recorded, below `parent` where it has one. */
  isSampled(traceId: string, parent?: TraceContext): boolean;
  /** Takes a span that is over, if its context is sampled; never waits, never throws. */
  record(span: SpanRecord): void;
  /** Sends what waits, for so long at most. */
  stop(withinMs: number): Promise<void>;
}

/** The process that traces. */
export interface TracingProcess {
  readonly config: TracingConfig;
  readonly tier: string;
  /** GATEWAY_ID or WORKER_ID. */
  readonly processId: string;
  readonly registry: Registry;
  readonly log: Logger;
}

/** How long a process that stops waits until its last spans are sent: less than a stop may take beyond its time for draining. */
export const FLUSH_MS = 2000;

const SAMPLED = 1;
/** Clocks that differ by more than this: the wall clock was set, or the machine slept. */
const CLOCK_STEP_MS = 50;

/** Starts tracing where there is an endpoint: loads OpenTelemetry, which is not loaded otherwise. Not reaching the collector is no error. */
export async function startTracing({ config, tier, processId, registry, log }: TracingProcess): Promise<Tracer | undefined> {
  const plan = tracingPlan(config, tier);
  if (plan === undefined) return undefined;
  const [api, sdk, resources, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'), import('@opentelemetry/sdk-trace-base'), import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const account = new SpanAccount(plan.queueSize, registry, log);
  const exporter = account.watching(new OTLPTraceExporter({ url: plan.url }));
  const resource = resources.resourceFromAttributes({
    'service.version': packageVersion(), ...plan.attributes, 'service.name': plan.serviceName, 'service.instance.id': processId,
  });
  log.info({ collector: new URL(plan.url).origin, sampler: plan.sampler }, 'traces are sent');
  return new BatchingTracer({
    api, account, resource, sampler: samplerOf(plan, sdk), taken: sdk.SamplingDecision.RECORD_AND_SAMPLED,
    processor: new sdk.BatchSpanProcessor(exporter, { maxQueueSize: plan.queueSize, scheduledDelayMillis: plan.scheduleDelayMs }),
  });
}

function samplerOf({ sampler, ratio }: TracingPlan, sdk: typeof Sdk): Sdk.Sampler {
  const roots = {
    always_on: () => new sdk.AlwaysOnSampler(),
    always_off: () => new sdk.AlwaysOffSampler(),
    traceidratio: () => new sdk.TraceIdRatioBasedSampler(ratio),
  };
  switch (sampler) {
    case 'always_on':
    case 'always_off':
    case 'traceidratio':
      return roots[sampler]();
    case 'parentbased_always_on':
      return new sdk.ParentBasedSampler({ root: roots.always_on() });
    case 'parentbased_always_off':
      return new sdk.ParentBasedSampler({ root: roots.always_off() });
    case 'parentbased_traceidratio':
      return new sdk.ParentBasedSampler({ root: roots.traceidratio() });
  }
}

interface TracerParts {
  readonly api: typeof Api;
  readonly processor: Sdk.BatchSpanProcessor;
  readonly sampler: Sdk.Sampler;
  /** The sampler's answer for what is to be recorded. */
  readonly taken: Sdk.SamplingDecision;
  readonly resource: Resource;
  readonly account: SpanAccount;
}

/** Gives spans to OpenTelemetry's batch processor, which sends them in the background. */
class BatchingTracer implements Tracer {
  readonly #parts: TracerParts;
  #wallAheadMs = wallMs() - nowMs();

  constructor(parts: TracerParts) {
    this.#parts = parts;
  }

  isSampled(traceId: string, parent?: TraceContext): boolean {
    const { api, sampler, taken } = this.#parts;
    const context = parent === undefined ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, { ...otelContext(parent), isRemote: true });
    return sampler.shouldSample(context, traceId, '', api.SpanKind.INTERNAL, {}, []).decision === taken;
  }

  record(span: SpanRecord): void {
    const { account, processor } = this.#parts;
    if (span.context.isSampled && account.admits()) processor.onEnd(this.#readable(span));
  }

  async stop(withinMs: number): Promise<void> {
    const { processor, account } = this.#parts;
    // A collector that cannot be reached was counted where it was found out.
    await Promise.race([processor.shutdown().catch(() => undefined), sleep(withinMs)]);
    account.close();
  }

  #readable(span: SpanRecord): Sdk.ReadableSpan {
    this.#followWallClock();
    const { name, context, parent, kind = 'internal', startMs, endMs, attributes, links = [], events = [], isError = false } = span;
    const { SpanKind, SpanStatusCode } = this.#parts.api;
    const kinds = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT };
    const own = otelContext(context);
    return {
      name, kind: kinds[kind], spanContext: () => own,
      ...(parent === undefined ? {} : { parentSpanContext: otelContext(parent) }),
      startTime: this.#time(startMs), endTime: this.#time(Math.max(startMs, endMs)), duration: hrTime(Math.max(0, endMs - startMs)), ended: true,
      status: { code: isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET }, attributes: otelAttributes(attributes),
      links: links.map((link) => ({ context: otelContext(link) })),
      events: events.map((event) => ({ name: event.name, time: this.#time(event.atMs), attributes: otelAttributes(event.attributes) })),
      resource: this.#parts.resource, instrumentationScope: { name: 'voxfleet' },
      droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0,
    };
  }

  #time(momentMs: number): Api.HrTime {
    return hrTime(momentMs + this.#wallAheadMs);
  }

  /** Spans of one trace lie exactly side by side as long as the wall clock is not set. */
  #followWallClock(): void {
    const aheadMs = wallMs() - nowMs();
    if (Math.abs(aheadMs - this.#wallAheadMs) > CLOCK_STEP_MS) this.#wallAheadMs = aheadMs;
  }
}

function hrTime(ms: number): Api.HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}

function otelContext({ traceId, spanId, isSampled }: TraceContext): Api.SpanContext {
  return { traceId, spanId, traceFlags: isSampled ? SAMPLED : 0 };
}

function otelAttributes(attributes: SpanAttributes): Api.Attributes {
  return { ...attributes };
}

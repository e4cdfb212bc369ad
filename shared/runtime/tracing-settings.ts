import { flag, integer, matching, oneOf, type Config, type Setting } from './env.ts';

const SAMPLERS = ['always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const;
const URL_EXPECTED = 'http://host:port or https://host:port, with or without a path';
const MOST_SPANS_WAITING = 1_000_000;

/** OpenTelemetry's own variables, as far as they are read here; the exporter reads `OTEL_EXPORTER_OTLP_HEADERS` and the like by itself. */
export const TRACING_SETTINGS = {
  otlpEndpoint: matching('OTEL_EXPORTER_OTLP_ENDPOINT', '', /^$|^https?:\/\/\S+$/, URL_EXPECTED, 'Where traces go, by OTLP over HTTP: `/v1/traces` below this address. Without this and the next one there are no traces.'),
  otlpTracesEndpoint: matching('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', '', /^$|^https?:\/\/\S+$/, URL_EXPECTED, 'The same as a whole address, path included; stands above the one before.'),
  otelDisabled: flag('OTEL_SDK_DISABLED', false, 'No traces, whatever the other variables say.'),
  otelServiceName: matching('OTEL_SERVICE_NAME', '', /^/, '', '`service.name` of traces; `voxfleet-gateway` or `voxfleet-worker` where neither this nor the next one says it.'),
  otelResourceAttributes: keyValues('OTEL_RESOURCE_ATTRIBUTES', 'Further attributes of the process in traces: `key=value`, separated by commas, percent-encoded.'),
  otelTracesSampler: oneOf('OTEL_TRACES_SAMPLER', 'parentbased_always_on', SAMPLERS, 'Which turns are traced. `parentbased_…`: those of a session that was created with a `traceparent` as that one says.'),
  otelTracesSamplerArg: ratio('OTEL_TRACES_SAMPLER_ARG', '1', 'The share of traces that `traceidratio` takes, 0 to 1.'),
  otelQueueSize: integer('OTEL_BSP_MAX_QUEUE_SIZE', 2048, [1, MOST_SPANS_WAITING], 'Spans waiting to be sent; past it they are dropped and counted.'),
  otelScheduleDelayMs: integer('OTEL_BSP_SCHEDULE_DELAY', 5000, [1, 3_600_000], 'Milliseconds between two batches of spans, where the first does not fill up before.'),
} as const;

/** What of a tier's configuration is about traces. */
export type TracingConfig = Config<typeof TRACING_SETTINGS>;

/** How traces are made and where they go. */
export interface TracingPlan {
  /** The whole address. */
  readonly url: string;
  readonly serviceName: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly sampler: (typeof SAMPLERS)[number];
  readonly ratio: number;
  readonly queueSize: number;
  readonly scheduleDelayMs: number;
}

/** What the settings of a tier's process come to; undefined where there are to be no traces. */
export function tracingPlan(config: TracingConfig, tier: string): TracingPlan | undefined {
  const { otlpEndpoint, otlpTracesEndpoint, otelServiceName, otelResourceAttributes: attributes } = config;
  const url = otlpTracesEndpoint !== '' || otlpEndpoint === '' ? otlpTracesEndpoint : `${otlpEndpoint.replace(/\/$/, '')}/v1/traces`;
  if (config.otelDisabled || url === '') return undefined;
  const serviceName = otelServiceName === '' ? (attributes['service.name'] ?? `voxfleet-${tier}`) : otelServiceName;
  return {
    url, serviceName, attributes, sampler: config.otelTracesSampler, ratio: config.otelTracesSamplerArg,
    queueSize: config.otelQueueSize, scheduleDelayMs: config.otelScheduleDelayMs,
  };
}

function ratio(name: string, fallback: string, meaning: string): Setting<number> {
  const parse = (text: string): number => {
    const value = Number(text);
    if (!(value >= 0 && value <= 1)) throw new Error('expected a number from 0 to 1');
    return value;
  };
  return { name, meaning, fallback, parse, absent: () => parse(fallback) };
}

function keyValues(name: string, meaning: string): Setting<Readonly<Record<string, string>>> {
  return { name, meaning, fallback: '', parse: readKeyValues, absent: () => ({}) };
}

function readKeyValues(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
      if (key === undefined || value === undefined) throw new Error('expected key=value, several separated by commas');
      return [key, decoded(value)];
    }),
  );
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (error) {
    throw new Error('expected values that are percent-encoded', { cause: error });
  }
}

import type { LatencyReadings, Readings } from '../protocol/process-stats.ts';
import { LatencyMetric } from './latency-metric.ts';
import type { Registry } from './metrics.ts';

/** The name of each reading with the metric that it is read from. */
export interface MetricNames {
  readonly counters: Readonly<Record<string, string>>;
  readonly gauges: Readonly<Record<string, string>>;
  readonly latencies: Readonly<Record<string, string>>;
}

/** What metrics stand at; nothing is counted for it that is not counted for `/metrics`. */
export interface MetricReadings {
  readonly counters: Readings;
  readonly gauges: Readings;
  readonly latencies: LatencyReadings;
}

/** Reads metrics by name, with at most one label each. Throws where the registry has none of that name. */
export async function readMetrics(registry: Registry, names: MetricNames): Promise<MetricReadings> {
  const [counters, gauges] = await Promise.all([readAll(registry, names.counters), readAll(registry, names.gauges)]);
  const latencies = Object.fromEntries(Object.entries(names.latencies).map(([name, metric]) => [name, latencyMetric(registry, metric).counts()]));
  return { counters, gauges, latencies };
}

async function readAll(registry: Registry, names: Readonly<Record<string, string>>): Promise<Readings> {
  return Object.fromEntries(await Promise.all(Object.entries(names).map(async ([name, metric]) => [name, await readOne(registry, metric)] as const)));
}

async function readOne(registry: Registry, metric: string): Promise<Record<string, number>> {
  const { values } = await metricOf(registry, metric).get();
  return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join('/'), value]));
}

function latencyMetric(registry: Registry, name: string): LatencyMetric {
  const metric = metricOf(registry, name);
  if (!(metric instanceof LatencyMetric)) throw new Error(`${name} is no LatencyMetric`);
  return metric as LatencyMetric;
}

function metricOf(registry: Registry, name: string): NonNullable<ReturnType<Registry['getSingleMetric']>> {
  const metric = registry.getSingleMetric(name);
  if (metric === undefined) throw new Error(`no metric is named ${name}`);
  return metric;
}

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { packageVersion } from './package-version.ts';

export { Counter, Gauge, Histogram, Registry };

/** Default gauges that break Prometheus's naming rules: a gauge must not end in `_total`. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** A registry with the Node.js process metrics and the version in it, `tier` and `id` on every series. */
export function createRegistry(labels: { tier: string; id: string }): Registry {
  const registry = new Registry();
  registry.setDefaultLabels(labels);
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const build = new Gauge({ name: 'voxfleet_build_info', help: 'Always 1, with the version of this process (VOXFLEET_VERSION); by it a canary is told from the rest.', labelNames: ['version'], registers: [registry] });
  build.set({ version: packageVersion() }, 1);
  return registry;
}

/** Bucket bounds, in seconds, in which a p99 of 20 ms and one of 2 s are both readable. */
export const LATENCY_BUCKETS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10];

/** A counter whose one label takes values of a closed set. */
export interface ClosedCounterOptions<Label extends string, Value extends string> {
  readonly name: string;
  readonly help: string;
  readonly label: Label;
  readonly values: readonly Value[];
  readonly registry: Registry;
}

/** Every value is there from the start, at 0: the first one counted is then seen as an increase, and a query finds all of them. */
export function closedCounter<Label extends string, Value extends string>({ name, help, label, values, registry }: ClosedCounterOptions<Label, Value>): Counter<Label> {
  const counter: Counter = new Counter({ name, help, labelNames: [label], registers: [registry] });
  for (const value of values) counter.inc({ [label]: value }, 0);
  return counter;
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyMetric } from './latency-metric.ts';
import { readMetrics } from './metric-readings.ts';
import { Counter, Gauge, Histogram, LATENCY_BUCKETS_S, Registry } from './metrics.ts';

const VALUES_S = [0, 0.001, 0.0011, 0.02, 0.075, 0.3, 1.49, 9, 50, 500];

/** The same durations in one of prom-client's own. */
async function linesOf(make: (registry: Registry) => Histogram<'stage'>): Promise<string[]> {
  const registry = new Registry();
  registry.setDefaultLabels({ tier: 'test' });
  const histogram = make(registry);
  histogram.zero({ stage: 'idle' });
  for (const value of VALUES_S) histogram.observe({ stage: 'busy' }, value);
  return (await registry.metrics()).split('\n').sort();
}

test('Prometheus is told what a histogram of the client would tell it', async () => {
  const options = { name: 'stage_seconds', help: 'Of a test.', labelNames: ['stage' as const] };
  assert.deepEqual(
    await linesOf((registry) => new LatencyMetric({ ...options, registers: [registry] })),
    await linesOf((registry) => new Histogram({ ...options, buckets: LATENCY_BUCKETS_S, registers: [registry] })),
  );
});

test('a latency without labels is there from the start', async () => {
  const registry = new Registry();
  const metric = new LatencyMetric({ name: 'whole_seconds', help: 'Of a test.', registers: [registry] });
  assert.match(await registry.metrics(), /^whole_seconds_count 0$/m);
  metric.observe(0.5);
  assert.match(await registry.metrics(), /^whole_seconds_count 1$/m);
});

test('readings are what metrics stand at, by label value', async () => {
  const registry = new Registry();
  const errors = new Counter({ name: 'errors_total', help: 'Of a test.', labelNames: ['code'], registers: [registry] });
  errors.inc({ code: 'internal' }, 2);
  new Gauge({ name: 'callers', help: 'Of a test.', registers: [registry], collect() { this.set(7); } });
  const engines = new LatencyMetric({ name: 'engine_seconds', help: 'Of a test.', labelNames: ['need', 'engine'], registers: [registry] });
  engines.observe({ need: 'responder', engine: 'scripted' }, 1);
  const { counters, gauges, latencies } = await readMetrics(registry, {
    counters: { errors: 'errors_total' }, gauges: { callers: 'callers' }, latencies: { engine: 'engine_seconds' },
  });
  assert.deepEqual([counters, gauges], [{ errors: { internal: 2 } }, { callers: { '': 7 } }]);
  assert.equal(latencies['engine']?.['responder/scripted']?.count, 1);
  await assert.rejects(readMetrics(registry, { counters: { none: 'none_total' }, gauges: {}, latencies: {} }), /no metric is named none_total/);
});

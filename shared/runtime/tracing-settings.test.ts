import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, loadConfig } from './env.ts';
import { tracingPlan, TRACING_SETTINGS, type TracingPlan } from './tracing-settings.ts';

function planOf(env: Record<string, string>): TracingPlan | undefined {
  return tracingPlan(loadConfig(TRACING_SETTINGS, env), 'worker');
}

test('without an endpoint there are no traces, nor where they are switched off', () => {
  assert.equal(planOf({}), undefined);
  assert.equal(planOf({ OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' }), undefined);
  assert.equal(planOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' }), undefined);
});

test('the address of all signals gets the path of traces, the one of traces is taken as it is', () => {
  const base = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };
  assert.equal(planOf(base)?.url, 'http://collector:4318/v1/traces');
  assert.equal(planOf({ ...base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://other/otlp' })?.url, 'https://other/otlp');
});

test('the service is named by its variable, by the attributes, or by the tier', () => {
  const base = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
  const attributes = { ...base, OTEL_RESOURCE_ATTRIBUTES: 'service.name=mine, deployment.environment.name=a%2Cb' };
  assert.equal(planOf(base)?.serviceName, 'voxfleet-worker');
  assert.equal(planOf(attributes)?.serviceName, 'mine');
  assert.equal(planOf({ ...attributes, OTEL_SERVICE_NAME: 'voice' })?.serviceName, 'voice');
  assert.equal(planOf(attributes)?.attributes['deployment.environment.name'], 'a,b');
});

test('every mistake is named', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318', OTEL_RESOURCE_ATTRIBUTES: 'a', OTEL_TRACES_SAMPLER: 'some', OTEL_TRACES_SAMPLER_ARG: '2',
    OTEL_BSP_MAX_QUEUE_SIZE: '0', OTEL_BSP_SCHEDULE_DELAY: 'soon',
  };
  assert.throws(() => planOf(env), (error) => error instanceof ConfigError && error.mistakes.length === 6);
});

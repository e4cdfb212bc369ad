import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test, type TestContext } from 'node:test';
import { nowMs } from './clock.ts';
import { loadConfig } from './env.ts';
import { createLog } from './log.ts';
import { Registry } from './metrics.ts';
import { newSpanId, type TraceContext } from './tracing-context.ts';
import { TRACING_SETTINGS } from './tracing-settings.ts';
import { startTracing, type Tracer } from './tracing.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = { traceId: TRACE, spanId: 'b7ad6b7169203331' };

interface Rig {
  readonly tracer: Tracer;
  readonly counted: (outcome: string) => Promise<number>;
}

async function start(url: string, env: Record<string, string> = {}): Promise<Rig> {
  const registry = new Registry();
  const config = loadConfig(TRACING_SETTINGS, { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...env });
  const log = createLog({ tier: 'test', id: 'test', level: 'silent' });
  const tracer = await startTracing({ config, tier: 'test', processId: 'test-1', registry, log });
  assert.ok(tracer !== undefined);
  const counted = async (outcome: string): Promise<number> => {
    const { values } = (await registry.getSingleMetric('voxfleet_trace_spans_total')?.get()) ?? assert.fail('there is no such metric');
    return values.find(({ labels }) => labels['outcome'] === outcome)?.value ?? assert.fail(`${outcome} is not counted`);
  };
  return { tracer, counted };
}

/** A collector that answers nothing, or 200; and what came. */
async function collector(context: TestContext, answers: boolean): Promise<{ readonly url: string; readonly bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece)).on('end', () => {
      bodies.push(body);
      if (answers) response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { url: `http://127.0.0.1:${address.port}`, bodies };
}

function span(tracer: Tracer, isSampled = true): void {
  const context: TraceContext = { traceId: TRACE, spanId: newSpanId(), isSampled };
  tracer.record({ name: 'turn', context, startMs: nowMs(), endMs: nowMs(), attributes: {} });
}

test('what is recorded is sent before the tracer has stopped; what is not sampled never', async (context) => {
  const { url, bodies } = await collector(context, true);
  const { tracer, counted } = await start(url);
  span(tracer);
  span(tracer, false);
  await tracer.stop(10_000);
  assert.deepEqual([bodies.length, bodies[0]?.split('"turn"').length], [1, 2]);
  assert.deepEqual([await counted('sent'), await counted('not_taken'), await counted('queue_full')], [1, 0, 0]);
});

test('a collector that does not answer bounds what waits: the rest is counted, and stopping waits no longer than it is told', async (context) => {
  const { url, bodies } = await collector(context, false);
  const { tracer, counted } = await start(url, { OTEL_BSP_MAX_QUEUE_SIZE: '10', OTEL_BSP_SCHEDULE_DELAY: '1' });
  for (let i = 0; i < 25; i++) span(tracer);
  assert.equal(await counted('queue_full'), 5, 'beyond one batch on its way and one that waits');
  await tracer.stop(200);
  assert.deepEqual([bodies.length > 0, await counted('sent')], [true, 0]);
});

test('samplers take what they say, and those that follow a parent do so in both directions', async (context) => {
  const { url } = await collector(context, true);
  const taken = async (sampler: string, arg: string, parent?: boolean): Promise<boolean> => {
    const { tracer } = await start(url, { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: arg });
    const isTaken = tracer.isSampled(TRACE, parent === undefined ? undefined : { ...PARENT, isSampled: parent });
    await tracer.stop(0);
    return isTaken;
  };
  assert.deepEqual([await taken('always_on', '1', false), await taken('always_off', '1', true)], [true, false]);
  assert.deepEqual([await taken('traceidratio', '1'), await taken('traceidratio', '0')], [true, false]);
  assert.deepEqual([await taken('parentbased_traceidratio', '0', true), await taken('parentbased_always_on', '1', false)], [true, false]);
  assert.deepEqual([await taken('parentbased_always_on', '1'), await taken('parentbased_always_off', '1')], [true, false]);
});

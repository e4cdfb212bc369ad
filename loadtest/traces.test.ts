import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LATENCY_STAGES } from '../shared/protocol/agent-event.ts';
import { startFleet, type Fleet } from '../shared/testing/fleet.ts';
import { startOpenaiServer, type OpenaiServer } from '../shared/testing/openai-server.ts';
import { freePort } from '../shared/testing/servers.ts';
import { startOtlpCollector, type CollectedSpan, type OtlpCollector } from './otlp-collector-fixture.ts';
import { CALL_RATE_HZ, SpokenCall } from './spoken-call.ts';

const LIMIT = { timeout: 200_000 };
const PATIENCE_MS = 60_000;
/** Long enough to lose a worker within it. */
const STORY = ['This is a story of two workers. ', 'One of them died in the midst of it. ', 'The other one went on.'];
/** What the caller brings along of a trace of its own. */
const CALLERS = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const SCRIPTED_EAR = { VOICE_ACTIVITY_ENGINE: 'scripted' };
const SCRIPTED = { ...SCRIPTED_EAR, RECOGNIZER_ENGINE: 'scripted', RESPONDER_ENGINE: 'scripted', SYNTHESIZER_ENGINE: 'scripted' };
/** Says at its end how many modules of OpenTelemetry's SDK and exporter a process has loaded. */
const COUNT_MODULES = `import m from 'node:module';import {isMainThread} from 'node:worker_threads';
if(isMainThread)process.on('exit',()=>console.log('OTEL_MODULES='+Object.keys(m._cache).filter((p)=>/opentelemetry.(sdk|exporter|otlp)/.test(p)).length));`;
const COUNTING = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(COUNT_MODULES)}` };

describe('a fleet with a collector of traces', LIMIT, () => {
  let collector: OtlpCollector;
  let vendor: OpenaiServer;
  let fleet: Fleet;
  let answer: readonly string[] = ['Well.'];

  before(async () => {
    [collector, vendor] = await Promise.all([
      startOtlpCollector(),
      startOpenaiServer({ apiKey: 'sk-test', transcribe: () => 'tell me a story', reply: () => answer, speak: tone24kHz }),
    ]);
    fleet = await startFleet({
      gateways: 1, workers: 2,
      env: { ...COUNTING, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test' },
      workerEnv: {
        ...SCRIPTED_EAR, RECOGNIZER_ENGINE: 'openai', RESPONDER_ENGINE: 'openai', SYNTHESIZER_ENGINE: 'openai',
        OPENAI_BASE_URL: vendor.baseUrl, OPENAI_API_KEY: 'sk-test',
      },
    });
  });
  after(async () => {
    await fleet.stop();
    await Promise.all([collector.close(), vendor.close()]);
  });

  test('a spoken turn is one trace of gateway, worker and engines, whose stages are those that the caller is told', async () => {
    const caller = await callWithin(CALLERS);
    const told = await caller.until(() => caller.notices.find((notice) => notice.type === 'turn'));
    const root = await turnOf(caller.sessionId);
    const spans = await collector.until((all) => {
      const found = all.filter(({ traceId }) => traceId === root.traceId);
      return found.some(({ name }) => name === 'egress') && found.some(({ name }) => name === 'speaking') ? found : undefined;
    });
    await caller.hangUp();

    assert.deepEqual(new Set(spans.map(({ service }) => service)), new Set(['voxfleet-gateway', 'voxfleet-worker']));
    assert.ok(spans.every(({ spanId, parentSpanId }) => (spanId === root.spanId ? parentSpanId === '' : parentSpanId === root.spanId)));
    assert.ok(spans.every(({ attributes }) => attributes['voxfleet.session_id'] === caller.sessionId && attributes['voxfleet.turn'] === 1));
    for (const stage of LATENCY_STAGES) assert.ok(Math.abs(one(spans, stage).ms - told.stages_ms[stage]) < 0.01, stage);
    const together = LATENCY_STAGES.reduce((sum, stage) => sum + one(spans, stage).ms, 0);
    assert.ok(Math.abs(together - told.mouth_to_ear_ms) < 0.1, `${together} ms of ${told.mouth_to_ear_ms} ms`);
    assert.deepEqual([one(spans, 'gateway').service, one(spans, 'egress').service, one(spans, 'bus').service], ['voxfleet-gateway', 'voxfleet-gateway', 'voxfleet-worker']);
    assert.equal(one(spans, 'egress').attributes['voxfleet.mouth_to_ear_ms'], told.mouth_to_ear_ms);
    assert.deepEqual([root.attributes['voxfleet.outcome'], root.isError], ['played', false]);
    assert.ok(root.ms >= told.mouth_to_ear_ms + one(spans, 'speaking').ms - 1);
  });

  test('each request to a service brings the span that it is part of', async () => {
    const before = vendor.requests.length;
    const caller = await call();
    const root = await turnOf(caller.sessionId);
    await caller.hangUp();
    const asked = vendor.requests.slice(before).map(({ path, traceparent }) => ({ path, span: spanOf(traceparent) }));
    assert.deepEqual(new Set(asked.map(({ path }) => path)), new Set(['/v1/audio/transcriptions', '/v1/chat/completions', '/v1/audio/speech']));
    const names: Readonly<Record<string, string>> = { '/v1/audio/transcriptions': 'recognizer', '/v1/chat/completions': 'responder', '/v1/audio/speech': 'synthesizer' };
    for (const { path, span } of asked) {
      assert.deepEqual([span?.name, span?.traceId, span?.attributes['voxfleet.engine']], [names[path], root.traceId, 'openai'], path);
    }
  });

  test('an engine that fails is told as a failed span, without what it said', async () => {
    vendor.faults.push({ kind: 'status', status: 400, message: 'cannot make sense of: a secret' });
    const caller = await call();
    const failed = await collector.until((all) => all.find((span) => span.attributes['voxfleet.session_id'] === caller.sessionId && span.isError && span.name !== 'turn'));
    const root = await turnOf(caller.sessionId);
    await caller.hangUp();
    assert.ok(!JSON.stringify(collector.spans).includes('secret'));
    assert.deepEqual([failed.traceId, failed.name, root.isError], [root.traceId, 'recognizer', true]);
    assert.match(String(failed.attributes['error.type']), /Error$/);
  });

  test('creating, upgrading and claiming a session are a trace of their own, within the one its creator brought, and turns link to it', async () => {
    const caller = await callWithin(CALLERS);
    const root = await turnOf(caller.sessionId);
    await caller.hangUp();
    const ofSession = collector.spans.filter(({ name, attributes }) => name.startsWith('session.') && attributes['voxfleet.session_id'] === caller.sessionId);
    const [create, upgrade, claim, seat] = ['session.create', 'session.upgrade', 'session.claim', 'session.seat'].map((name) => one(ofSession, name));
    assert.ok(create !== undefined && upgrade !== undefined && claim !== undefined && seat !== undefined);
    assert.deepEqual([create, upgrade, claim, seat].map(({ parentSpanId }) => parentSpanId), [CALLERS.spanId, create.spanId, upgrade.spanId, claim.spanId]);
    assert.ok(ofSession.every(({ traceId }) => traceId === CALLERS.traceId));
    assert.equal(claim.attributes['voxfleet.worker_id'], seat.attributes['voxfleet.worker_id']);
    assert.deepEqual(root.links.map(({ traceId, spanId }) => ({ traceId, spanId })), [{ traceId: CALLERS.traceId, spanId: create.spanId }]);
  });

  test('a turn whose worker is killed in the midst of it goes on in the same trace with the next one', async () => {
    answer = STORY;
    const caller = await call();
    const spoken = await collector.until((all) => all.find((span) => span.name === 'first_speech' && span.attributes['voxfleet.session_id'] === caller.sessionId));
    const doomed = fleet.workers.find(({ id }) => id === spoken.attributes['voxfleet.worker_id']);
    assert.ok(doomed !== undefined);
    await doomed.kill('SIGKILL');
    const root = await turnOf(caller.sessionId);
    const heir = root.attributes['voxfleet.worker_id'];
    await caller.hangUp();
    assert.equal(root.traceId, spoken.traceId);
    assert.equal(root.spanId, spoken.parentSpanId, 'what the dead worker told hangs below what its heir told');
    assert.notEqual(heir, doomed.id);
    assert.deepEqual([root.attributes['voxfleet.outcome'], root.events], ['played', ['takeover']]);
    const takeover = await collector.until((all) => all.find(({ name, attributes }) => name === 'session.takeover' && attributes['voxfleet.session_id'] === caller.sessionId));
    assert.deepEqual([takeover.attributes['voxfleet.lost_worker_id'], takeover.attributes['voxfleet.outcome']], [doomed.id, 'admitted']);
    assert.ok(root.links.some(({ spanId }) => spanId === takeover.spanId));
    assert.ok(collector.spans.some(({ name, traceId, attributes }) => name === 'speaking' && traceId === root.traceId && attributes['voxfleet.worker_id'] === heir));
  });

  test('what waits is sent before a process ends', async () => {
    const late = await fleet.addGateway({ OTEL_BSP_SCHEDULE_DELAY: '600000', OTEL_SERVICE_NAME: 'late-gateway' });
    assert.equal((await fetch(`${late.url}/sessions`, { method: 'POST', body: '{}' })).status, 201);
    assert.ok(!collector.spans.some(({ service }) => service === 'late-gateway'));
    await late.stop();
    assert.deepEqual(collector.spans.filter(({ service }) => service === 'late-gateway').map(({ name }) => name), ['session.create']);
    assert.ok(modulesOf(late.logs) > 10, 'the count of modules is one');
  });

  async function callWithin({ traceId, spanId }: typeof CALLERS): Promise<SpokenCall> {
    const headers = { traceparent: `00-${traceId}-${spanId}-01`, 'content-type': 'application/json' };
    return call(headers);
  }

  async function call(headers: Record<string, string> = {}): Promise<SpokenCall> {
    return placeCall(fleet, headers);
  }

  /** The outermost span of a session's first turn, once the turn is over. */
  function turnOf(sessionId: string): Promise<CollectedSpan> {
    return collector.until((all) => all.find(({ name, attributes }) => name === 'turn' && attributes['voxfleet.session_id'] === sessionId));
  }

  function spanOf(traceparent: string): CollectedSpan | undefined {
    return collector.spans.find(({ traceId, spanId }) => traceparent === `00-${traceId}-${spanId}-01`);
  }
});

describe('a fleet without a collector of traces', LIMIT, () => {
  let collector: OtlpCollector;
  let fleet: Fleet;
  before(async () => {
    collector = await startOtlpCollector();
    fleet = await startFleet({ env: { ...COUNTING, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SDK_DISABLED: 'true', OTEL_BSP_SCHEDULE_DELAY: '50' }, workerEnv: SCRIPTED });
  });
  after(async () => {
    await fleet.stop();
    await collector.close();
  });

  test('switched off, nothing is sent and nothing of it is loaded', async () => {
    await answeredCall();
    for (const member of [...fleet.gateways, ...fleet.workers]) {
      assert.equal((await member.stop()).code, 0);
      assert.equal(modulesOf(member.logs), 0, member.id);
    }
    assert.deepEqual(collector.spans, []);
  });

  test('where the collector cannot be reached calls go on, what was lost is counted and said once', async ({ signal }) => {
    const env = { OTEL_SDK_DISABLED: 'false', OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`, OTEL_EXPORTER_OTLP_TIMEOUT: '200' };
    const [worker, gateway] = await Promise.all([fleet.addWorker(env), fleet.addGateway(env)]);
    await answeredCall();
    for (const url of [gateway.url, worker.adminUrl]) {
      while (!((await dropped(url)) > 0)) await sleep(100, undefined, { signal });
    }
    const complaints = (logs: readonly string[]): number => logs.filter((line) => line.includes('spans were dropped')).length;
    // What a process writes may come after what it answers.
    while (![gateway, worker].every(({ logs }) => complaints(logs) > 0)) await sleep(100, undefined, { signal });
    for (const { id, logs } of [gateway, worker]) assert.equal(complaints(logs), 1, id);
  });

  async function answeredCall(): Promise<void> {
    const caller = await placeCall(fleet, {});
    assert.deepEqual(await caller.finished(PATIENCE_MS), { kind: 'answered' });
    await caller.hangUp();
  }

  async function dropped(url: string): Promise<number> {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(/voxfleet_trace_spans_total\{[^}]*outcome="not_taken"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0);
  }
});

/** Calls the newest gateway, with a tone that scripted voice activity takes for speech. */
async function placeCall({ gateways }: Fleet, headers: Record<string, string>): Promise<SpokenCall> {
  const gatewayUrl = gateways.at(-1)?.url ?? assert.fail('there is no gateway');
  const agent = { instructions: 'tell stories' };
  const created = await fetch(`${gatewayUrl}/sessions`, { method: 'POST', headers, body: JSON.stringify({ agent }) });
  const { session_id, ws_url, token } = (await created.json()) as { session_id: string; ws_url: string; token: string };
  const speech = Int16Array.from({ length: CALL_RATE_HZ * 0.6 }, (_, at) => Math.round(12_000 * Math.sin((2 * Math.PI * 300 * at) / CALL_RATE_HZ)));
  return new SpokenCall(ws_url, session_id, token, { gatewayUrl, agent, speech });
}

/** 40 ms a letter. */
function tone24kHz(text: string): Int16Array {
  return Int16Array.from({ length: text.length * 960 }, (_, at) => Math.round(9000 * Math.sin(at / 7)));
}

function one(spans: readonly CollectedSpan[], name: string): CollectedSpan {
  const found = spans.filter((span) => span.name === name);
  assert.equal(found.length, 1, `${found.length} spans are named ${name}`);
  return found[0] ?? assert.fail();
}

function modulesOf(logs: readonly string[]): number {
  return Number(/OTEL_MODULES=(\d+)/.exec(logs.join('\n'))?.[1] ?? Number.NaN);
}

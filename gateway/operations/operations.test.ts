import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../shared/testing/servers.ts';
import { codeOf, Rig, startGround, type Ground } from '../gateway-fixture.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

const OPERATOR_PATHS = ['/metrics', '/health/detailed', '/performance/summary'];
const PRODUCTION = { ENVIRONMENT: 'production', API_KEYS: 'key' };

test('a production gateway tells operators nothing on its public port, and everything on its admin port', async (context) => {
  const adminPort = await freePort();
  const rig = await Rig.start(context, ground, { ...PRODUCTION, ADMIN_PORT: String(adminPort) });
  assert.equal(rig.gateway.adminPort, adminPort);
  for (const path of OPERATOR_PATHS) {
    const refused = await rig.ask('GET', path);
    assert.deepEqual([refused.status, codeOf(refused)], [404, 'not_found'], path);
    assert.equal((await fetch(`http://127.0.0.1:${adminPort}${path}`)).status, 200, path);
  }
  assert.equal((await rig.ask('GET', '/health/live')).status, 200);
  await rig.stop();
  await assert.rejects(fetch(`http://127.0.0.1:${adminPort}/health/live`));
});

test('an operator token opens the public port, an API key does not', async (context) => {
  const rig = await Rig.start(context, ground, { ...PRODUCTION, OPERATOR_TOKENS: 'operator' });
  for (const path of OPERATOR_PATHS) {
    assert.equal((await rig.ask('GET', path, undefined, { authorization: 'Bearer key' })).status, 401, path);
    assert.equal((await rig.ask('GET', path, undefined, { authorization: 'Bearer operator' })).status, 200, path);
  }
});

test('a gateway that is alone, and one whose bus and store went away, still say how they are', async (context) => {
  const own = await startGround();
  let isThere = true;
  const stop = async (): Promise<void> => {
    if (isThere) await own.stop();
    isThere = false;
  };
  context.after(stop);
  const rig = await Rig.start(context, own, { METRICS_COLLECTION_INTERVAL: '1' });
  const alone = (await rig.ask('GET', '/health/detailed')).json;
  assert.equal(alone['status'], 'unhealthy', 'nobody takes calls');
  assert.deepEqual(statuses(alone), { websocket_manager: 'healthy', audio_pipeline: 'unhealthy', nats: 'healthy', redis: 'healthy' });
  await stop();
  const deadlineMs = Date.now() + 20_000;
  for (;;) {
    const health = (await rig.ask('GET', '/health/detailed')).json;
    const { nats, redis } = statuses(health);
    if (nats === 'unhealthy' && redis === 'unhealthy') break;
    assert.ok(Date.now() < deadlineMs, JSON.stringify(health));
    await sleep(200);
  }
  const summary = await rig.ask('GET', '/performance/summary');
  assert.deepEqual(summary.json['trend'], { points: [], projection: null });
});

function statuses(health: Record<string, unknown>): Record<string, string> {
  const components = health['components'] as Record<string, { readonly status: string }>;
  return Object.fromEntries(Object.entries(components).map(([name, { status }]) => [name, status]));
}

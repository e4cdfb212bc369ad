import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ENVELOPE_TYPE } from '../shared/protocol/envelope.ts';
import { createLog } from '../shared/runtime/log.ts';
import { connectRedis, type Redis } from '../shared/session/redis.ts';
import { SessionStore } from '../shared/session/store.ts';
import { freePort, startNats, startProcess, startRedis, TIER_FLAGS } from '../shared/testing/servers.ts';
import { agentConfig, GatewayFixture, sessionConfig } from './gateway-fixture.ts';

const WORKER_MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
/** Minutes of speech. */
const LONG_REPLY = 'And this goes on for a long while. '.repeat(200);
/** Whose makers never finish closing. */
const STUCK_ENGINE = `export const engine = {
  name: 'stuck',
  responder: async () => ({ name: 'stuck', phrases: () => [], async *respond() {}, close: () => new Promise(() => setInterval(() => {}, 1000)) }),
};`;

type Server = Awaited<ReturnType<typeof startNats>>;
type WorkerProcess = Awaited<ReturnType<typeof startProcess>>;

describe('a worker that is asked to stop', { timeout: 240_000 }, () => {
  let nats: Server;
  let redisServer: Server;
  let redis: Redis;
  let store: SessionStore;

  before(async () => {
    [nats, redisServer] = await Promise.all([startNats(), startRedis()]);
    redis = await connectRedis(redisServer.url, createLog({ tier: 'test', id: 'test', level: 'error' }));
    store = new SessionStore(redis, { leaseMs: 5000, ttlMs: 60_000, retentionMs: 60_000 });
  });

  after(async () => {
    redis.disconnect();
    await Promise.all([nats.stop(), redisServer.stop()]);
  });

  async function startWorker(context: TestContext, env: Record<string, string> = {}): Promise<WorkerProcess> {
    const port = await freePort();
    const worker = await startProcess({
      name: 'worker', command: process.execPath, args: [...TIER_FLAGS, WORKER_MAIN],
      env: {
        NATS_URL: nats.url, REDIS_URL: redisServer.url, ADMIN_PORT: String(port),
        SYNTHESIZER_ENGINE: 'scripted', RECOGNIZER_ENGINE: 'scripted', VOICE_ACTIVITY_ENGINE: 'scripted', RESPONDER_ENGINE: 'scripted',
        HANDOFF_AFTER_MS: '300', DRAIN_DEADLINE_MS: '100000', RECONNECT_GRACE_MS: '100000', ...env,
      },
      readyUrl: `http://127.0.0.1:${port}/health/ready`,
    });
    context.after(() => worker.kill('SIGKILL'));
    return worker;
  }

  async function calls(context: TestContext, sessionId: string, greeting?: string): Promise<GatewayFixture> {
    await store.create(sessionConfig(sessionId, agentConfig(greeting === undefined ? {} : { greeting })));
    const gateway = await GatewayFixture.connect(nats.url, `gateway-${sessionId}`);
    context.after(() => gateway.bus.close());
    const claim = await gateway.claim(sessionId);
    assert.equal(claim.ok, true);
    return gateway;
  }

  test('gives up calls whose agent speaks for minutes, and calls whose caller is gone, and says so', async (context) => {
    const worker = await startWorker(context);
    const [speaking, gone] = await Promise.all([calls(context, 'long', LONG_REPLY), calls(context, 'gone', LONG_REPLY)]);
    await Promise.all([speaking, gone].map((gateway) => gateway.until(() => gateway.received.some(({ type }) => type === ENVELOPE_TYPE.speech))));
    gone.control(ENVELOPE_TYPE.gone);
    // Answered after what was sent before it: the worker has seen that by now.
    await gone.end('nobody');
    await worker.kill('SIGTERM');
    await speaking.until(() => speaking.received.some(({ type }) => type === ENVELOPE_TYPE.released));
    assert.equal((await worker.exited).code, 0);
    const { sessionsAtStart, atTurnBoundary, interrupted, left } = lineOf(worker, 'drained');
    assert.deepEqual({ sessionsAtStart, atTurnBoundary, interrupted, left }, { sessionsAtStart: 2, atTurnBoundary: 1, interrupted: 1, left: 0 });
    const owners = await Promise.all(['long', 'gone'].map(async (id) => (await store.load(id))?.owner));
    assert.deepEqual(owners, ['', ''], 'both leases are returned');
  });

  test('is ended at once by a second signal', async (context) => {
    const worker = await startWorker(context, { HANDOFF_AFTER_MS: '100000' });
    const gateway = await calls(context, 'second', LONG_REPLY);
    await gateway.until(() => gateway.received.some(({ type }) => type === ENVELOPE_TYPE.speech));
    await worker.kill('SIGTERM');
    while (!hasLine(worker, 'draining')) await sleep(20, undefined, { signal: context.signal });
    await worker.kill('SIGTERM');
    assert.equal((await worker.exited).code, 1);
    assert.equal(hasLine(worker, 'drained'), false);
  });

  test('is ended by the force deadline where something does not stop, with a line that says so', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'voxfleet-engines-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const module = join(folder, 'stuck.mjs');
    writeFileSync(module, STUCK_ENGINE);
    const worker = await startWorker(context, { ENGINE_MODULES: module, RESPONDER_ENGINE: 'stuck', DRAIN_DEADLINE_MS: '0' });
    await worker.kill('SIGTERM');
    assert.equal((await worker.exited).code, 1);
    assert.ok(hasLine(worker, 'drained') && hasLine(worker, 'the stop is stuck: stopping at once'));
  });
});

function linesOf({ logs }: WorkerProcess): readonly Readonly<Record<string, unknown>>[] {
  return logs.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>);
}

function hasLine(worker: WorkerProcess, message: string): boolean {
  return linesOf(worker).some(({ msg }) => msg === message);
}

function lineOf(worker: WorkerProcess, message: string): Readonly<Record<string, unknown>> {
  return linesOf(worker).find(({ msg }) => msg === message) ?? {};
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createLog } from '../shared/runtime/log.ts';
import { freePort, startNats, startProcess, startRedis } from '../shared/testing/servers.ts';
import { DefaultEngines } from './default-engines.ts';
import { Engines } from './speech/engines.ts';
import type { EngineModule } from './speech/ports.ts';
import { scriptedEngine } from './speech/scripted/engine.ts';

const LOG = createLog({ tier: 'test', id: 'default-engines', level: 'silent' });
const NAMES = { voice_activity: 'scripted', recognizer: 'late', responder: 'scripted', synthesizer: 'scripted' };
const AT_ONCE_MS = 1;
const WORKER_MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

/** Engines whose recognizer can be made from the given try on. */
function enginesWithLate(fromTry: number): Engines {
  let tries = 0;
  const late: EngineModule = {
    name: 'late',
    recognizer: async (context) => {
      tries += 1;
      if (tries < fromTry || scriptedEngine.recognizer === undefined) throw new Error(`no model at try ${tries}`);
      return scriptedEngine.recognizer(context);
    },
  };
  return new Engines({ modules: [scriptedEngine, late], context: { env: {}, log: LOG }, defaults: NAMES });
}

describe('the default engines of a worker', () => {
  test('say which of them could not be made and why, and nothing once it can', async () => {
    const engines = enginesWithLate(3);
    const defaults = new DefaultEngines(engines, NAMES, LOG);
    await defaults.make();
    assert.deepEqual(defaults.faults, ['the default recognizer "late" could not be made: no model at try 1']);
    assert.equal(await defaults.made(new AbortController().signal, AT_ONCE_MS), true);
    assert.deepEqual(defaults.faults, []);
    await engines.close();
  });

  test('are given up when the worker stops', async () => {
    const engines = enginesWithLate(Infinity);
    const defaults = new DefaultEngines(engines, NAMES, LOG);
    await defaults.make();
    const stopping = new AbortController();
    const made = defaults.made(stopping.signal, 60_000);
    stopping.abort();
    assert.equal(await made, false);
    await engines.close();
  });
});

describe('a worker whose default recognizer cannot be made', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-late-engine-'));
  const model = join(folder, 'model');
  const engine = join(folder, 'late.mjs');
  const running: { stop(): Promise<unknown> }[] = [];
  let servers: Readonly<Record<'NATS_URL' | 'REDIS_URL', string>>;

  before(async () => {
    writeFileSync(engine, `import { accessSync } from 'node:fs';
export const engine = { name: 'late', recognizer: async () => {
  accessSync(${JSON.stringify(model)});
  return { name: 'late', close: async () => undefined };
} };`);
    const [nats, redis] = await Promise.all([startNats(), startRedis()]);
    running.push(nats, redis);
    servers = { NATS_URL: nats.url, REDIS_URL: redis.url };
  });

  after(async () => {
    for (const process of running.reverse()) await process.stop();
    rmSync(folder, { recursive: true });
  });

  /** Starts one and answers, once it answers at all, where it is asked whether it is ready. */
  async function startWorker(environment: string): Promise<string> {
    const port = await freePort();
    const env = {
      ...servers, ENVIRONMENT: environment, WORKER_ID: environment, ADMIN_PORT: String(port), LOG_LEVEL: 'fatal', ENGINE_MODULES: engine,
      VOICE_ACTIVITY_ENGINE: 'scripted', RECOGNIZER_ENGINE: 'late', SYNTHESIZER_ENGINE: 'scripted',
    };
    running.push(await startProcess({ name: environment, command: process.execPath, args: [WORKER_MAIN], env, readyUrl: `http://127.0.0.1:${port}/health/live` }));
    return `http://127.0.0.1:${port}/health/ready`;
  }

  test('takes work in development, where text may be all that is wanted', async ({ signal }) => {
    const url = await startWorker('development');
    await isReady(url, signal);
  });

  test('takes none in production and says why, until it can be made', async ({ signal }) => {
    const url = await startWorker('production');
    const response = await fetch(url, { signal });
    assert.equal(response.status, 503);
    const { reasons } = (await response.json()) as { reasons: string[] };
    assert.match(reasons.join('\n'), /^the default recognizer "late" could not be made: ENOENT.*\nthe process is starting$/);
    writeFileSync(model, '');
    await isReady(url, signal);
  });
});

async function isReady(url: string, signal: AbortSignal): Promise<void> {
  while ((await fetch(url, { signal })).status !== 200) await sleep(100, undefined, { signal });
}

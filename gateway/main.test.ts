import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { freePort, startNats, startRedis } from '../shared/testing/servers.ts';
import { startGround, type Ground } from './gateway-fixture.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

type Line = Readonly<Record<string, unknown>>;

/** A gateway as a process of its own; it ends with the test at the latest. */
function run(context: TestContext, env: NodeJS.ProcessEnv): { child: ChildProcess; lines: Line[]; exit: Promise<number | null> } {
  const base = { PATH: process.env['PATH'], NATS_URL: ground.nats.url, REDIS_URL: ground.redis.url, PORT: '0' };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.js')], { env: { ...base, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => child.kill('SIGKILL'));
  const lines: Line[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) lines.push(JSON.parse(part) as Line);
    child.emit('line');
  });
  return { child, lines, exit: once(child, 'close').then(([code]) => code as number | null) };
}

async function untilLogged(child: ChildProcess, lines: readonly Line[], message: string): Promise<Line> {
  for (;;) {
    const line = lines.find(({ msg }) => msg === message);
    if (line !== undefined) return line;
    await once(child, 'line', { signal: AbortSignal.timeout(60_000) });
  }
}

test('what keeps a gateway from starting is one fatal line and exit code 1', async (context) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const takenPort = typeof address === 'object' && address !== null ? address.port : 0;
  const nowhere = await freePort();
  const starts: readonly (readonly [NodeJS.ProcessEnv, RegExp])[] = [
    [{ PORT: String(takenPort) }, /cannot listen on 127\.0\.0\.1:\d+/],
    [{ NATS_URL: `nats://user:secret@127.0.0.1:${nowhere}` }, /cannot connect to NATS at nats:\/\/\[redacted\]@127\.0\.0\.1/],
    [{ REDIS_URL: `redis://127.0.0.1:${nowhere}` }, /cannot connect to Redis at redis:\/\/127\.0\.0\.1/],
    [{ PORT: 'x', ENVIRONMENT: 'production' }, /PORT.*API_KEYS/s],
  ];
  for (const [env, expected] of starts) {
    const { lines, exit } = run(context, env);
    assert.equal(await exit, 1);
    const fatal = lines.filter(({ level }) => level === 'fatal');
    assert.equal(fatal.length, 1);
    assert.match(JSON.stringify(fatal[0]), expected);
    assert.doesNotMatch(JSON.stringify(lines), /secret/);
  }
  taken.close();
});

test('a gateway without keys warns at its start, drains on SIGTERM and exits with 0', async (context) => {
  const { child, lines, exit } = run(context, { GATEWAY_ID: 'g-main' });
  const listening = await untilLogged(child, lines, 'listening');
  assert.deepEqual([listening['tier'], listening['id']], ['gateway', 'g-main']);
  assert.ok(lines.some(({ level, msg }) => level === 'warn' && /API_KEYS/.test(String(msg))));
  child.kill('SIGTERM');
  assert.equal(await exit, 0);
  assert.ok(lines.some(({ msg }) => msg === 'drained'));
});

test('a second signal ends a draining gateway at once', async (context) => {
  const { child, lines, exit } = run(context, {});
  const { port } = await untilLogged(child, lines, 'listening');
  const created = await fetch(`http://127.0.0.1:${String(port)}/sessions`, { method: 'POST', body: '{}' });
  const { ws_url: url } = (await created.json()) as { ws_url: string };
  const socket = new WebSocket(url);
  await once(socket, 'open');
  child.kill('SIGTERM');
  await untilLogged(child, lines, 'draining');
  child.kill('SIGINT');
  assert.equal(await exit, 1);
  socket.terminate();
});

test('a gateway stops though its NATS and Redis stand still', async (context) => {
  const [nats, redis] = await Promise.all([startNats(), startRedis()]);
  context.after(() => Promise.all([nats.kill('SIGKILL'), redis.kill('SIGKILL')]));
  const { child, lines, exit } = run(context, { NATS_URL: nats.url, REDIS_URL: redis.url, DRAIN_DEADLINE_MS: '0' });
  await untilLogged(child, lines, 'listening');
  await Promise.all([nats.kill('SIGSTOP'), redis.kill('SIGSTOP')]);
  child.kill('SIGTERM');
  assert.equal(await exit, 0);
  assert.ok(lines.some(({ msg }) => msg === 'drained'));
});

test('what a draining gateway did with its callers is one line', async (context) => {
  const { child, lines, exit } = run(context, { DRAIN_DEADLINE_MS: '300' });
  const { port } = await untilLogged(child, lines, 'listening');
  const created = await fetch(`http://127.0.0.1:${String(port)}/sessions`, { method: 'POST', body: '{}' });
  const { ws_url: url } = (await created.json()) as { ws_url: string };
  const socket = new WebSocket(url);
  await once(socket, 'open');
  child.kill('SIGTERM');
  assert.equal(await exit, 0);
  const { connectionsAtStart, asked, left, cut, durationMs } = lines.find(({ msg }) => msg === 'drained') ?? {};
  assert.deepEqual({ connectionsAtStart, asked, left, cut }, { connectionsAtStart: 1, asked: 0, left: 0, cut: 1 });
  assert.ok(Number(durationMs) >= 300);
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { freePort, isPortFree } from './ports.ts';
import { startProcess } from './processes.ts';
import { startNats, startRedis } from './servers.ts';

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

test('NATS and Redis start on free ports, come back on the same ones and leave nothing running', async () => {
  for (const start of [startNats, startRedis]) {
    const first = await start();
    assert.equal(new URL(first.url).port, String(first.port));
    assert.equal(await isPortFree(first.port), false);
    await first.kill();
    assert.equal(await isPortFree(first.port), true);
    const second = await start({ port: first.port });
    assert.equal(second.url, first.url);
    assert.notEqual(second.pid, first.pid);
    await second.stop();
    assert.equal(isAlive(second.pid), false);
  }
});

test('a server on a taken port is refused with its own words', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  const { port } = holder.address() as AddressInfo;
  try {
    await assert.rejects(startRedis({ port }), { name: 'StartError', message: /redis ended before it was ready.*in use/is });
  } finally {
    holder.close();
  }
});

test('a program that does not exist, one that dies and one that never gets ready are each told apart', async () => {
  await assert.rejects(startProcess({ name: 'ghost', command: 'no-such-program', args: [], readyUrl: 'http://127.0.0.1:1/' }), {
    name: 'StartError',
    message: /^ghost .*no-such-program/s,
  });
  await assert.rejects(
    startProcess({ name: 'short', command: process.execPath, args: ['-e', 'console.error("bad luck"); process.exit(3)'], readyUrl: 'http://127.0.0.1:1/' }),
    { message: /short ended before it was ready \(exit code 3\).*bad luck/s },
  );
  await assert.rejects(
    startProcess({ name: 'mute', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], isReady: () => Promise.resolve(false), readyTimeoutMs: 300 }),
    { message: /mute was not ready after 0.3 s/ },
  );
});

test('a process is ready once its URL answers 200, and its last lines can be read', async () => {
  const port = await freePort();
  const script = `
    let asked = 0;
    require('node:http').createServer((_, reply) => { asked += 1; reply.statusCode = asked < 3 ? 503 : 200; reply.end(); })
      .listen(${port}, '127.0.0.1', () => console.log('hello from', process.env.WHO));
  `;
  const running = await startProcess({ name: 'web', command: process.execPath, args: ['-e', script], env: { WHO: 'web' }, readyUrl: `http://127.0.0.1:${port}/` });
  assert.deepEqual(running.logs, ['hello from web']);
  const exit = await running.stop();
  assert.equal(exit.signal, 'SIGTERM');
});

test('a process that ignores SIGTERM is killed after its time', async () => {
  const running = await startProcess({ name: 'stubborn', command: process.execPath, args: ['-e', 'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)'] });
  while (running.logs.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal((await running.stop(100)).signal, 'SIGKILL');
});

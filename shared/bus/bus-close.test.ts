import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const moduleUrl = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** Closes connections while their server is being killed; nothing else would keep this process alive. */
const PROGRAM = `
  const { connectBus } = await import(${moduleUrl('./nats-bus.js')});
  const { startNats } = await import(${moduleUrl('../testing/servers.js')});
  const { createLog } = await import(${moduleUrl('../runtime/log.js')});
  const log = createLog({ tier: 'test', id: 'test', level: 'silent' });
  const nats = await startNats();
  const buses = await Promise.all([1, 2, 3, 4].map((n) => connectBus({ url: nats.url, name: 'bus-' + n, log })));
  for (const bus of buses) bus.subscribe('any', () => undefined);
  const killed = nats.kill();
  await Promise.all(buses.map((bus) => bus.close()));
  await killed;`;

test('a connection that is closed while its server dies does not keep the process alive', { timeout: 180_000 }, async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0);
});

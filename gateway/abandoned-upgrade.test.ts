import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis, type Redis } from '../shared/session/redis.ts';
import { Caller } from './caller-fixture.ts';
import { Rig, SILENT, startGround, type Ground } from './gateway-fixture.ts';
import { ScriptedWorker } from './scripted-worker-fixture.ts';

let ground: Ground;
let redis: Redis & { disconnect(): void };
before(async () => {
  ground = await startGround();
  redis = await connectRedis(ground.redis.url, SILENT);
});
after(async () => {
  redis.disconnect();
  await ground.stop();
});

/** A number that Redis tells of itself. */
async function told(section: string, pattern: RegExp): Promise<number> {
  return Number(pattern.exec(await redis.info(section))?.[1] ?? 0);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(10);
}

/** Each script that changes a record does so once. */
const changes = (): Promise<number> => told('commandstats', /cmdstat_hset:calls=(\d+)/);

test('a connection that its caller gives up before it opens does not replace the one that is open', async (context) => {
  const [rig] = await Promise.all([Rig.start(context, ground), ScriptedWorker.start(context, ground, 'w-abandoned')]);
  const { id } = await rig.createSession();
  const caller = await Caller.resume(context, rig, id, { after: 0 });
  await caller.hears('ready');
  const live = (await ground.store.load(id))?.connectionNo;
  const before = await changes();
  await redis.client('PAUSE', 30_000, 'WRITE');
  const socket = connect(rig.gateway.port, '127.0.0.1');
  socket.write(`GET /ws/${id} HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`);
  await until(async () => (await told('clients', /blocked_clients:(\d+)/)) > 0);
  socket.destroy();
  // The gateway hears of it before Redis answers.
  await sleep(50);
  await redis.client('UNPAUSE');
  await until(async () => (await changes()) >= before + 2);
  assert.equal((await ground.store.load(id))?.connectionNo, live);
});

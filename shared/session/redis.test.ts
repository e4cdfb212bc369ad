import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { VoxError } from '../runtime/errors.ts';
import { startRedisCluster, type RedisCluster } from '../testing/redis-cluster.ts';
import { startRedisSentinel, type RedisSentinel } from '../testing/redis-sentinel.ts';
import { startRedis } from '../testing/servers.ts';
import { itemsKey, recordKey } from './record.ts';
import { connectRedis, retryDelayMs } from './redis.ts';
import { configOf, itemAt, SILENT_LOG, StoreFixture, UNKNOWING } from './store-fixture.ts';
import type { Lease } from './store.ts';

const LIMIT = { timeout: 200_000 };
/** Sessions at once: enough for every node of a Cluster to have some. */
const SESSIONS = 40;
/** An outage that ends is over for a client by then. */
const BACK_WITHIN_MS = 60_000;

/** One call from its creation to its end, through every script. */
async function wholeCall(fixture: StoreFixture, sessionId: string): Promise<void> {
  const { store } = fixture;
  assert.equal(await store.create(configOf(sessionId)), true);
  const connection = await store.connect(sessionId, { presentedHash: undefined, nextHash: 't1', tokenTtlMs: 60_000 });
  assert.ok(connection.outcome === 'connected');
  const { connectionNo } = connection;
  assert.equal(await store.rotate(sessionId, connectionNo, 't2', 60_000), true);
  const lease = await fixture.claimed(sessionId, 'a');
  assert.equal(await fixture.commit(lease, 1), 'ours');
  assert.equal(await store.renew(lease, 1), 'ours');
  const memory = await fixture.remember(sessionId);
  assert.equal(await fixture.commit(lease, 2), 'ours');
  await fixture.forget(sessionId, memory);
  assert.equal(await fixture.commit(lease, 3), 'behind');
  const snapshot = { config: configOf(sessionId), progress: { ingressSeq: 3, egressSeq: 3 }, commitNo: 3, connectionNo, items: [1, 2, 3].map((turn) => itemAt(turn)) };
  assert.equal(await store.restore(lease, snapshot), 'ours');
  assert.equal(await store.release(lease, { ...snapshot.progress, commitNo: 3 }), true);
  assert.equal((await fixture.claimed(sessionId, 'b')).fence, 2);
  assert.deepEqual(await store.end(sessionId), { owner: 'b' });
  assert.equal((await store.load(sessionId))?.state, 'ended');
  assert.deepEqual(await fixture.turns(sessionId), [1, 2, 3]);
}

/** Tries until it is answered: what the owner of a write does. */
async function untilAnswered<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean = () => true): Promise<T> {
  const deadline = performance.now() + BACK_WITHIN_MS;
  for (;;) {
    try {
      const answer = await ask();
      if (wanted(answer)) return answer;
    } catch (error) {
      if (!(error instanceof VoxError) || performance.now() > deadline) throw error;
      // Redis is away, as the test has it: what is waited for is that it comes back.
    }
    assert.ok(performance.now() < deadline, 'it is answered as wanted in time');
    await sleep(50);
  }
}

async function callsAtOnce(fixture: StoreFixture): Promise<void> {
  await Promise.all(Array.from({ length: SESSIONS }, (_, at) => wholeCall(fixture, `call-${at}`)));
}

test('calls from creation to end on one server', LIMIT, async () => {
  const server = await startRedis();
  const fixture = await StoreFixture.connect(server.url);
  try {
    await callsAtOnce(fixture);
  } finally {
    fixture.redis.disconnect();
    await server.stop();
  }
});

describe('a Redis that Sentinels watch', LIMIT, () => {
  let set: RedisSentinel;
  let fixture: StoreFixture;

  before(async () => {
    set = await startRedisSentinel();
    fixture = await StoreFixture.connect(set.url);
  });

  after(async () => {
    fixture.redis.disconnect();
    await set.stop();
  });

  test('calls from creation to end', () => callsAtOnce(fixture));

  // Before the failovers below: Sentinels tell of those one after another, and each word of one makes every client connect again.
  test('word of a failover that comes while Sentinels are asked who is primary ends nothing', async () => {
    const redis = await connectRedis(set.url, SILENT_LOG);
    const connector: unknown = Reflect.get(redis, 'connector');
    assert.ok(connector instanceof Object);
    const stream: unknown = Reflect.get(connector, 'stream');
    assert.ok(stream instanceof Socket);
    const isReady = new Promise<void>((resolve) => redis.once('ready', resolve));
    stream.destroy();
    while (redis.status !== 'connecting') await nextTurn();
    // As the client's own failover detector does.
    const disconnect: unknown = Reflect.get(connector, 'disconnect');
    assert.ok(disconnect instanceof Function);
    Reflect.apply(disconnect, connector, []);
    await isReady;
    assert.equal(await redis.ping(), 'PONG');
    redis.disconnect();
  });

  test('a user of the servers need not be one of the Sentinels', async () => {
    await fixture.redis.acl('SETUSER', 'vox', 'on', '>pass', '~*', '+@all', 'allchannels');
    const named = await StoreFixture.connect(set.url.replace('://', '://vox:pass@'));
    assert.equal(await named.redis.acl('WHOAMI'), 'vox');
    named.redis.disconnect();
  });

  test('when the primary dies its replica is written to, and fences grow on', async () => {
    const sessionId = await fixture.newSession();
    const lease = await fixture.claimed(sessionId, 'a');
    await set.synchronized();
    const killed = await set.killPrimary();
    await assert.rejects(fixture.store.load(sessionId), { code: 'store_unavailable' });
    assert.equal(await untilAnswered(() => fixture.store.renew(lease)), 'ours');
    assert.notEqual((await set.primary()).port, killed.port);
    assert.equal((await fixture.claimed(sessionId, 'b', { lost: lease, seenFence: lease.fence })).fence, 2);
    assert.equal(await fixture.store.renew(lease), 'lost');
    await set.revive();
  });

  test('a primary that freezes is left for its replica, and is not written to when it wakes up', async () => {
    const sessionId = await fixture.newSession();
    await set.synchronized();
    const frozen = await set.primary();
    await frozen.pause();
    try {
      await untilAnswered(() => fixture.store.claim(sessionId, 'a', UNKNOWING));
    } finally {
      await frozen.resume();
    }
    assert.notEqual((await set.primary()).port, frozen.port);
    const claim = await untilAnswered(() => fixture.store.claim(sessionId, 'a', { seenFence: 5 }));
    assert.ok(claim.outcome === 'claimed' && claim.fence > 5);
  });
});

test('a primary that is demoted under the client is left for the new one', LIMIT, async () => {
  const set = await startRedisSentinel();
  const fixture = await StoreFixture.connect(set.url);
  try {
    const demoted = await set.primary();
    const sessionId = await fixture.newSession();
    await set.failOver();
    await untilAnswered(() => fixture.store.claim(sessionId, 'a', UNKNOWING), ({ outcome }) => outcome === 'claimed');
    assert.notEqual((await set.primary()).port, demoted.port);
  } finally {
    fixture.redis.disconnect();
    await set.stop();
  }
});

describe('a Redis Cluster', LIMIT, () => {
  let cluster: RedisCluster;
  let fixture: StoreFixture;

  before(async () => {
    cluster = await startRedisCluster();
    fixture = await StoreFixture.connect(cluster.url);
  });

  after(async () => {
    fixture.redis.disconnect();
    await cluster.stop();
  });

  test('calls from creation to end', () => callsAtOnce(fixture));

  test('all keys of a session are in one slot, and sessions are spread over the nodes', async () => {
    const nodes = new Set<number>();
    for (let at = 0; at < SESSIONS; at += 1) {
      const slots = await Promise.all([recordKey, itemsKey].map((key) => fixture.redis.cluster('KEYSLOT', key(`call-${at}`))));
      assert.equal(slots[0], slots[1]);
      nodes.add(Math.floor((Number(slots[0]) * cluster.primaries.length) / 16_384));
    }
    assert.equal(nodes.size, cluster.primaries.length);
  });

  test('a Cluster that loses a node goes on once its replica has taken over', async () => {
    const leases: Lease[] = [];
    for (let at = 0; at < 12; at += 1) leases.push(await fixture.claimed(await fixture.newSession(), 'a'));
    await cluster.primaries[0]?.process.kill('SIGKILL');
    const answers = await Promise.all(leases.map((lease) => untilAnswered(() => fixture.commit(lease, 1))));
    assert.ok(!answers.includes('lost'), 'nobody else can have them');
  });
});

test('while Redis is away every command fails at once, and nothing that failed is written later', LIMIT, async () => {
  const server = await startRedis();
  const fixture = await StoreFixture.connect(server.url);
  await server.kill('SIGKILL');
  await untilAnswered(async () => fixture.redis.status, (status) => status !== 'ready');
  const creations = await Promise.allSettled(Array.from({ length: 1000 }, (_, at) => fixture.store.create(configOf(`late-${at}`))));
  assert.ok(creations.every(({ status }) => status === 'rejected'));
  const back = await startRedis({ port: server.port });
  try {
    assert.equal(await untilAnswered(() => fixture.store.create(configOf('in-time'))), true);
    assert.equal(await fixture.redis.dbsize(), 1);
  } finally {
    fixture.redis.disconnect();
    await back.stop();
  }
});

test('what is nowhere to be found is an error within seconds, whatever the URL calls it', LIMIT, async () => {
  const gone = await startRedis();
  await gone.stop();
  const here = `127.0.0.1:${gone.port}`;
  await Promise.all([`redis://${here}`, `redis+sentinel://${here}/mymaster`, `redis+cluster://${here}`].map((url) => assert.rejects(connectRedis(url, SILENT_LOG), Error, url)));
  await assert.rejects(connectRedis('redis+ring://cache', SILENT_LOG), /expected redis:/);
});

test('a server that wants a user and a password gets them, whatever characters they have', LIMIT, async () => {
  const server = await startRedis();
  const open = await connectRedis(server.url, SILENT_LOG);
  await open.acl('SETUSER', 'vox', 'on', '>p@ss/word:%', '~*', '+@all', 'allchannels');
  await open.config('SET', 'requirepass', 'other');
  open.disconnect();
  await assert.rejects(connectRedis(server.url, SILENT_LOG), Error);
  const url = `redis://vox:${encodeURIComponent('p@ss/word:%')}@127.0.0.1:${server.port}/2`;
  const fixture = await StoreFixture.connect(url);
  await wholeCall(fixture, 'call');
  fixture.redis.disconnect();
  await server.stop();
});

test('waits between attempts to connect grow to two seconds, and are never the same for all', () => {
  const bounds = [1, 2, 3, 6, 1000].map((attempt) => [retryDelayMs(attempt, () => 0), retryDelayMs(attempt, () => 1)]);
  assert.deepEqual(bounds, [[50, 100], [100, 200], [200, 400], [1000, 2000], [1000, 2000]]);
});

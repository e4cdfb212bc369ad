import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startRedis } from '../testing/servers.ts';
import { itemsKey, recordKey, type ConversationItem } from './record.ts';
import { connectRedis, type Redis } from './redis.ts';
import { configOf, itemAt, SILENT_LOG, StoreFixture, TIMES, UNKNOWING } from './store-fixture.ts';
import { SessionStore, type Lease } from './store.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
let store: SessionStore;
let fixture: StoreFixture;

before(async () => {
  server = await startRedis();
  fixture = await StoreFixture.connect(server.url);
  ({ redis, store } = fixture);
});

after(async () => {
  redis.disconnect();
  await server.stop();
});

const newSession = (): Promise<string> => fixture.newSession();
const claimed = (sessionId: string, workerId: string, lost?: Lease): Promise<Lease> => fixture.claimed(sessionId, workerId, { lost, seenFence: 0 });

async function expireLease(sessionId: string): Promise<void> {
  await redis.hset(recordKey(sessionId), 'lease_until_ms', 1);
}

async function assertLifeLeft(sessionId: string, ttlMs: number, keys = [recordKey(sessionId), itemsKey(sessionId)]): Promise<void> {
  for (const key of keys) {
    const left = await redis.pttl(key);
    assert.ok(left > ttlMs - 30_000 && left <= ttlMs, `${key} has ${left} ms left of ${ttlMs}`);
  }
}

test('a new session is stored as it was made, owned by nobody, with its time to live', async () => {
  const sessionId = await newSession();
  const { expiresAtMs, ...record } = (await store.load(sessionId)) ?? { expiresAtMs: 0 };
  assert.deepEqual(record, {
    config: configOf(sessionId), state: 'created', owner: '', fence: 0, leaseUntilMs: 0, ingressSeq: 0, egressSeq: 0, connectionNo: 0,
  });
  await assertLifeLeft(sessionId, TIMES.ttlMs, [recordKey(sessionId)]);
  assert.ok(Math.abs(expiresAtMs - Date.now() - TIMES.ttlMs) < 30_000);
});

test('an id that is taken is refused and keeps its session', async () => {
  const sessionId = await newSession();
  assert.equal(await store.create({ ...configOf(sessionId), tags: ['second'] }), false);
  assert.deepEqual((await store.load(sessionId))?.config.tags, []);
});

test('a session that never was is not found', async () => {
  assert.equal(await store.load('nobody'), undefined);
  assert.deepEqual(await store.claim('nobody', 'a', UNKNOWING), { outcome: 'not_found' });
  assert.equal(await store.end('nobody'), 'not_found');
  assert.deepEqual(await store.items('nobody'), []);
  const lease = { sessionId: 'nobody', workerId: 'a', fence: 1 };
  assert.equal(await store.renew(lease), 'behind');
  assert.equal(await store.commit(lease, 1, { ingressSeq: 1, egressSeq: 1 }, [itemAt(1)]), 'behind');
  assert.equal(await redis.exists(recordKey('nobody'), itemsKey('nobody')), 0, 'nothing came into being');
});

test('the first worker to claim gets the lease and all it needs, the next one hears who holds it', async () => {
  const sessionId = await newSession();
  assert.deepEqual(await store.claim(sessionId, 'a', UNKNOWING), {
    outcome: 'claimed', fence: 1, config: configOf(sessionId), progress: { ingressSeq: 0, egressSeq: 0 }, connectionNo: 0,
  });
  assert.deepEqual(await store.claim(sessionId, 'b', UNKNOWING), { outcome: 'held', workerId: 'a', fence: 1 });
  const record = await store.load(sessionId);
  assert.deepEqual([record?.state, record?.owner, record?.fence], ['active', 'a', 1]);
  assert.ok(Math.abs((record?.leaseUntilMs ?? 0) - Date.now() - TIMES.leaseMs) < 30_000);
});

test('the owner itself may claim again, under a new fence', async () => {
  const sessionId = await newSession();
  const first = await claimed(sessionId, 'a');
  assert.equal((await claimed(sessionId, 'a')).fence, 2);
  assert.equal(await store.renew(first), 'lost');
});

test('of many workers that claim at once exactly one gets the lease', async () => {
  const sessionId = await newSession();
  const outcomes = await Promise.all(Array.from({ length: 20 }, (_, i) => store.claim(sessionId, `worker-${i}`, UNKNOWING)));
  assert.equal(outcomes.filter(({ outcome }) => outcome === 'claimed').length, 1);
  assert.equal(outcomes.filter(({ outcome }) => outcome === 'held').length, 19);
});

test('an unexpired lease yields only to one who names its lost owner and fence exactly', async () => {
  const sessionId = await newSession();
  await claimed(sessionId, 'a');
  await claimed(sessionId, 'a');
  for (const lost of [{ workerId: 'a', fence: 1 }, { workerId: 'c', fence: 2 }, { workerId: '', fence: 2 }]) {
    assert.equal((await store.claim(sessionId, 'b', { lost, seenFence: 0 })).outcome, 'held', JSON.stringify(lost));
  }
  assert.equal((await claimed(sessionId, 'b', { sessionId, workerId: 'a', fence: 2 })).fence, 3);
});

test('an expired lease may be claimed by anyone, and its old owner is refused from then on', async () => {
  const sessionId = await newSession();
  const old = await claimed(sessionId, 'a');
  await expireLease(sessionId);
  assert.equal(await store.renew(old), 'ours', 'until somebody claims it, its owner may still renew');
  await expireLease(sessionId);
  assert.equal((await claimed(sessionId, 'b')).fence, 2);
  assert.equal(await store.renew(old), 'lost');
  assert.equal(await store.commit(old, 1, { ingressSeq: 9, egressSeq: 9 }, [itemAt(1)]), 'lost');
  assert.equal(await store.release(old, { ingressSeq: 9, egressSeq: 9 }), false);
  assert.equal(await store.end(sessionId, old), 'stale');
  const record = await store.load(sessionId);
  assert.deepEqual([record?.owner, record?.state, record?.ingressSeq], ['b', 'active', 0]);
  assert.deepEqual(await store.items(sessionId), []);
});

test('a real lease runs out when it is not renewed', async () => {
  const hasty = new SessionStore(redis, { ...TIMES, leaseMs: 1 });
  const sessionId = await newSession();
  await hasty.claim(sessionId, 'a', UNKNOWING);
  const deadline = Date.now() + 5000;
  let outcome = await hasty.claim(sessionId, 'b', UNKNOWING);
  while (outcome.outcome === 'held' && Date.now() < deadline) outcome = await hasty.claim(sessionId, 'b', UNKNOWING);
  assert.equal(outcome.outcome, 'claimed');
});

test('a commit stores items in order and progress, which the next owner gets', async () => {
  const sessionId = await newSession();
  const lease = await claimed(sessionId, 'a');
  const items: ConversationItem[] = [
    itemAt(1), { kind: 'sentence', turn: 1, index: 0, text: 'Hello. ä €', atMs: 2 }, { kind: 'agent', turn: 1, text: 'Hel', interrupted: true, atMs: 3 },
  ];
  assert.equal(await store.commit(lease, 1, { ingressSeq: 10, egressSeq: 4 }, items.slice(0, 2)), 'ours');
  assert.equal(await store.commit(lease, 2, { ingressSeq: 20, egressSeq: 5 }, items.slice(2)), 'ours');
  assert.equal(await store.commit(lease, 3, { ingressSeq: 21, egressSeq: 5 }, []), 'ours');
  assert.deepEqual(await store.items(sessionId), items);
  const next = await store.claim(sessionId, 'b', { lost: lease, seenFence: 0 });
  assert.ok(next.outcome === 'claimed');
  assert.deepEqual(next.progress, { ingressSeq: 21, egressSeq: 5 });
});

test('a commit that is tried again is answered yes and written once, under every new lease anew', async () => {
  const sessionId = await newSession();
  const first = await claimed(sessionId, 'a');
  for (let attempt = 0; attempt < 3; attempt += 1) {
    assert.equal(await store.commit(first, 1, { ingressSeq: 1, egressSeq: 1 }, [itemAt(1)]), 'ours');
  }
  const second = await claimed(sessionId, 'b', first);
  assert.equal(await store.commit(second, 1, { ingressSeq: 2, egressSeq: 2 }, [itemAt(2)]), 'ours');
  assert.deepEqual(await store.items(sessionId), [itemAt(1), itemAt(2)]);
});

test('only the newest 2,000 items are kept', async () => {
  const sessionId = await newSession();
  const lease = await claimed(sessionId, 'a');
  for (let commitNo = 1; commitNo <= 5; commitNo += 1) {
    const items = Array.from({ length: 500 }, (_, i) => itemAt((commitNo - 1) * 500 + i));
    assert.equal(await store.commit(lease, commitNo, { ingressSeq: 1, egressSeq: 1 }, items), 'ours');
  }
  const kept = await store.items(sessionId);
  assert.equal(kept.length, 2000);
  assert.deepEqual([kept[0]?.turn, kept.at(-1)?.turn], [500, 2499]);
});

test('a released session may be claimed at once, and goes on from the progress that was released', async () => {
  const sessionId = await newSession();
  const lease = await claimed(sessionId, 'a');
  assert.equal(await store.release(lease, { ingressSeq: 7, egressSeq: 8 }), true);
  assert.equal(await store.commit(lease, 1, { ingressSeq: 9, egressSeq: 9 }, [itemAt(1)]), 'lost');
  assert.deepEqual(await store.claim(sessionId, 'b', UNKNOWING), {
    outcome: 'claimed', fence: 2, config: configOf(sessionId), progress: { ingressSeq: 7, egressSeq: 8 }, connectionNo: 0,
  });
});

test('ending by authority needs no lease, names the owner, and refuses everything after', async () => {
  const sessionId = await newSession();
  const lease = await claimed(sessionId, 'a');
  assert.deepEqual(await store.end(sessionId), { owner: 'a' });
  assert.deepEqual(await store.end(sessionId), { owner: '' }, 'ending twice is as good as once');
  assert.deepEqual(await store.claim(sessionId, 'a', UNKNOWING), { outcome: 'ended' });
  assert.equal(await store.renew(lease), 'lost');
  assert.equal(await store.commit(lease, 1, { ingressSeq: 1, egressSeq: 1 }, [itemAt(1)]), 'lost');
  assert.equal(await store.release(lease, { ingressSeq: 1, egressSeq: 1 }), false);
  assert.deepEqual([(await store.load(sessionId))?.state, (await store.load(sessionId))?.owner], ['ended', '']);
  assert.equal(await store.create(configOf(sessionId)), false, 'the id stays taken while the record is kept');
});

test('the owner ends its session by its lease, also when it has to ask twice; a stale lease never does', async () => {
  const sessionId = await newSession();
  const old = await claimed(sessionId, 'a');
  const lease = await claimed(sessionId, 'b', old);
  assert.equal(await store.end(sessionId, old), 'stale');
  assert.deepEqual(await store.end(sessionId, lease), { owner: 'b' });
  assert.deepEqual(await store.end(sessionId, lease), { owner: '' });
  assert.equal(await store.end(sessionId, old), 'stale');
});

test('every write of the owner renews the life of record and items alike; an end sets it to the retention', async () => {
  const sessionId = await newSession();
  const lease = await claimed(sessionId, 'a');
  const progress = { ingressSeq: 1, egressSeq: 1 };
  await store.commit(lease, 1, progress, [itemAt(1)]);
  const writes = [
    () => store.commit(lease, 2, progress, [itemAt(2)]), () => store.renew(lease), () => store.release(lease, progress), () => store.claim(sessionId, 'b', UNKNOWING),
  ];
  for (const write of writes) {
    await Promise.all([redis.pexpire(recordKey(sessionId), 20_000), redis.pexpire(itemsKey(sessionId), 20_000)]);
    await write();
    await assertLifeLeft(sessionId, TIMES.ttlMs);
  }
  await store.end(sessionId);
  await assertLifeLeft(sessionId, TIMES.retentionMs);
});

test('a renewal extends the lease', async () => {
  const sessionId = await newSession();
  const lease = await claimed(sessionId, 'a');
  await expireLease(sessionId);
  assert.equal(await store.renew(lease), 'ours');
  assert.equal((await store.claim(sessionId, 'b', UNKNOWING)).outcome, 'held');
});

test('a Redis that cannot be reached at first is an error, not a silent retry', async () => {
  const gone = await startRedis();
  await gone.stop();
  await assert.rejects(connectRedis(gone.url, SILENT_LOG));
});

test('a Redis that is gone makes every method say so with one code, and is found again when it is back', async () => {
  const own = await startRedis();
  const client = await connectRedis(own.url, SILENT_LOG);
  const lonely = new SessionStore(client, TIMES);
  assert.equal(await lonely.ping(), true);
  await own.kill('SIGKILL');
  await assert.rejects(lonely.create(configOf('x')), { name: 'VoxError', code: 'store_unavailable' });
  await assert.rejects(lonely.load('x'), { code: 'store_unavailable' });
  await assert.rejects(lonely.claim('x', 'a', UNKNOWING), { code: 'store_unavailable' });
  assert.equal(await lonely.ping(), false);
  const back = await startRedis({ port: own.port });
  if (client.status !== 'ready') await new Promise<void>((resolve) => client.once('ready', resolve));
  assert.equal(await lonely.create(configOf('x')), true, 'its scripts are loaded again by themselves');
  client.disconnect();
  await back.stop();
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startRedis } from '../testing/servers.ts';
import { itemsKey, recordKey } from './record.ts';
import { configOf, itemAt, StoreFixture, TIMES } from './store-fixture.ts';
import type { SessionStore, Snapshot } from './store.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let fixture: StoreFixture;
let store: SessionStore;

before(async () => {
  server = await startRedis();
  fixture = await StoreFixture.connect(server.url);
  ({ store } = fixture);
});

after(async () => {
  fixture.redis.disconnect();
  await server.stop();
});

/** What an owner holds that made this many commits by `StoreFixture.commit`. */
function snapshot(sessionId: string, commitNo: number, connectionNo = 0): Snapshot {
  const items = Array.from({ length: commitNo }, (_, i) => itemAt(i + 1));
  return { config: configOf(sessionId), progress: { ingressSeq: commitNo, egressSeq: commitNo }, commitNo, connectionNo, items };
}

const PROGRESS = { ingressSeq: 9, egressSeq: 9 };

test('a claim is above every fence that was seen, also above one that Redis forgot', async () => {
  const sessionId = await fixture.newSession();
  assert.equal((await fixture.claimed(sessionId, 'a', { seenFence: 7 })).fence, 8);
  assert.equal((await fixture.claimed(sessionId, 'a', { seenFence: 3 })).fence, 9);
  const lost = { workerId: 'b', fence: 20 };
  assert.equal((await fixture.claimed(sessionId, 'c', { lost, seenFence: 0 })).fence, 21, 'an owner after the one of the record died');
  assert.equal((await store.load(sessionId))?.fence, 21);
});

test('an owner whose record is gone or was taken back before its claim is told that Redis is behind, and nothing is written', async () => {
  const sessionId = await fixture.newSession();
  const old = await fixture.claimed(sessionId, 'a');
  const memory = await fixture.remember(sessionId);
  const lease = await fixture.claimed(sessionId, 'b', { lost: old, seenFence: 1 });
  for (const known of [memory, []]) {
    await fixture.forget(sessionId, known);
    const before = await fixture.redis.hgetall(recordKey(sessionId));
    assert.equal(await store.renew(lease), 'behind');
    assert.equal(await fixture.commit(lease, 1), 'behind');
    assert.equal(await store.release(lease, PROGRESS), false);
    assert.equal(await store.end(sessionId, lease), 'behind');
    assert.deepEqual(await fixture.redis.hgetall(recordKey(sessionId)), before);
    assert.deepEqual(await fixture.turns(sessionId), []);
  }
});

test('an owner whose commits were forgotten is told so by the next one, by a renewal and by a release that name them', async () => {
  const sessionId = await fixture.newSession();
  const lease = await fixture.claimed(sessionId, 'a');
  await fixture.commit(lease, 1);
  const memory = await fixture.remember(sessionId);
  await fixture.commit(lease, 2);
  await fixture.forget(sessionId, memory);
  assert.equal(await store.renew(lease, 2), 'behind');
  assert.equal(await store.release(lease, { ...PROGRESS, commitNo: 2 }), false);
  assert.equal(await fixture.commit(lease, 3), 'behind');
  assert.deepEqual(await fixture.turns(sessionId), [1]);
  assert.equal(await store.renew(lease, 1), 'ours');
  assert.equal(await fixture.commit(lease, 2), 'ours', 'one that is tried again is not behind');
});

test('what was forgotten is restored as a whole, in order and with its life, and the owner goes on', async () => {
  const sessionId = await fixture.newSession();
  const empty = await fixture.remember(sessionId);
  const lease = await fixture.claimed(sessionId, 'a');
  for (const commitNo of [1, 2, 3]) await fixture.commit(lease, commitNo);
  for (const memory of [empty, []]) {
    await fixture.forget(sessionId, memory);
    assert.equal(await store.restore(lease, snapshot(sessionId, 3, 4)), 'ours');
    assert.deepEqual(await fixture.turns(sessionId), [1, 2, 3]);
    const { config, state, owner, fence, ingressSeq, egressSeq, connectionNo, leaseUntilMs } = (await store.load(sessionId)) ?? {};
    assert.deepEqual([config, state, owner, fence], [configOf(sessionId), 'active', 'a', lease.fence]);
    assert.deepEqual([ingressSeq, egressSeq, connectionNo], [3, 3, 4]);
    assert.ok((leaseUntilMs ?? 0) > Date.now() + TIMES.leaseMs - 30_000);
    for (const key of [recordKey(sessionId), itemsKey(sessionId)]) assert.ok((await fixture.redis.pttl(key)) > TIMES.ttlMs - 30_000);
  }
  assert.equal(await fixture.commit(lease, 3), 'ours', 'what is in the snapshot is not written again');
  assert.equal(await fixture.commit(lease, 4), 'ours');
  assert.deepEqual(await fixture.turns(sessionId), [1, 2, 3, 4]);
});

test('a record that is not behind is not written over', async () => {
  const sessionId = await fixture.newSession();
  const lease = await fixture.claimed(sessionId, 'a');
  for (const commitNo of [1, 2, 3]) await fixture.commit(lease, commitNo);
  assert.equal(await store.restore(lease, snapshot(sessionId, 2)), 'ours');
  assert.deepEqual(await fixture.turns(sessionId), [1, 2, 3]);
});

test('restored progress is that of the restored items, also where a late owner had committed more into the forgetful record', async () => {
  const sessionId = await fixture.newSession();
  const memory = await fixture.remember(sessionId);
  const late = await fixture.claimed(sessionId, 'a');
  const owner = { ...late, workerId: 'b', fence: late.fence + 1 };
  await fixture.forget(sessionId, memory);
  await fixture.claimed(sessionId, 'a');
  assert.equal(await fixture.commit(late, 1, 40), 'ours');
  assert.equal(await store.restore(owner, snapshot(sessionId, 3)), 'ours');
  const { ingressSeq, egressSeq } = (await store.load(sessionId)) ?? {};
  assert.deepEqual([ingressSeq, egressSeq], [3, 40], 'numbers that were heard are not used again, audio that nobody stored is sent again');
  assert.deepEqual(await fixture.turns(sessionId), [1, 2, 3]);
});

test('nobody restores over a later owner, over one of the same fence, or over the end', async () => {
  const sessionId = await fixture.newSession();
  const memory = await fixture.remember(sessionId);
  const forgotten = await fixture.claimed(sessionId, 'a');
  await fixture.forget(sessionId, memory);
  const same = await fixture.claimed(sessionId, 'b');
  assert.equal(same.fence, forgotten.fence);
  assert.equal(await store.renew(forgotten), 'lost');
  assert.equal(await store.restore(forgotten, snapshot(sessionId, 1)), 'lost');
  const later = await fixture.claimed(sessionId, 'c', { lost: same, seenFence: 0 });
  assert.equal(await store.restore(same, snapshot(sessionId, 1)), 'lost');
  await store.end(sessionId);
  for (const lease of [same, later, { ...later, fence: 99 }]) {
    assert.equal(await store.restore(lease, snapshot(sessionId, 1)), 'lost');
    assert.equal(await store.renew(lease), 'lost');
    assert.equal(await fixture.commit(lease, 1), 'lost');
  }
  assert.deepEqual(await fixture.turns(sessionId), []);
});

test('of an old owner and a new one that both were forgotten the new one has the session in the end, whoever restores first', async () => {
  for (const order of [['old', 'new'], ['new', 'old']] as const) {
    const sessionId = await fixture.newSession();
    const old = await fixture.claimed(sessionId, 'a');
    const leases = { old, new: await fixture.claimed(sessionId, 'b', { lost: old, seenFence: 1 }) };
    await fixture.forget(sessionId);
    for (const which of order) await store.restore(leases[which], snapshot(sessionId, which === 'new' ? 2 : 1));
    if (order[1] === 'old') assert.equal(await store.renew(leases.old), 'lost');
    assert.equal(await store.renew(leases.new, 2), 'ours');
    assert.deepEqual(await fixture.turns(sessionId), [1, 2]);
  }
});

test('what is committed never goes back, neither by a commit nor by a release', async () => {
  const sessionId = await fixture.newSession();
  const lease = await fixture.claimed(sessionId, 'a');
  await fixture.commit(lease, 1, 100);
  await fixture.commit(lease, 2, 50);
  await store.release(lease, { ingressSeq: 60, egressSeq: 60 });
  const { ingressSeq, egressSeq } = (await store.load(sessionId)) ?? {};
  assert.deepEqual([ingressSeq, egressSeq], [100, 100]);
});

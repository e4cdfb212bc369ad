import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../testing/servers.ts';
import { recordKey } from './record.ts';
import { StoreFixture, TIMES, UNKNOWING } from './store-fixture.ts';
import type { ConnectOutcome, SessionStore } from './store.ts';

const TTL_MS = 60_000;
const REFUSED: ConnectOutcome = { outcome: 'refused' };

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

/** A client that shows one token and is given another. */
function connect(sessionId: string, presentedHash?: string, nextHash?: string, tokenTtlMs = TTL_MS): Promise<ConnectOutcome> {
  return store.connect(sessionId, { presentedHash, nextHash, tokenTtlMs });
}

/** The number of a connection that is taken. */
async function connected(outcome: Promise<ConnectOutcome>): Promise<number> {
  const taken = await outcome;
  assert.ok(taken.outcome === 'connected', `expected a connection, got ${taken.outcome}`);
  return taken.connectionNo;
}

test('each connection of a session has a number, the newest the highest; claims and ends do not change it', async () => {
  const sessionId = await fixture.newSession();
  const first = await connected(connect(sessionId));
  await fixture.claimed(sessionId, 'a');
  const second = await connected(connect(sessionId));
  assert.ok(second > first);
  assert.equal((await store.load(sessionId))?.connectionNo, second);
  await fixture.redis.pexpire(recordKey(sessionId), 20_000);
  assert.ok((await connected(connect(sessionId))) > second);
  assert.ok((await fixture.redis.pttl(recordKey(sessionId))) > TIMES.ttlMs - 20_000, 'a caller who connects keeps the session alive');
});

test('a connection that never opened is taken back: the one before it is the newest again and may claim', async () => {
  const sessionId = await fixture.newSession();
  const live = await connected(connect(sessionId));
  const aborted = await connect(sessionId);
  assert.ok(aborted.outcome === 'connected');
  assert.equal(aborted.previousNo, live);
  assert.equal(await store.abandon(sessionId, aborted.connectionNo, aborted.previousNo), true);
  assert.equal((await store.claim(sessionId, 'a', { seenFence: 0, connectionNo: live })).outcome, 'claimed');
});

test('a connection that never opened changes nothing where another one was counted since, or no session is there', async () => {
  const sessionId = await fixture.newSession();
  const aborted = await connect(sessionId);
  assert.ok(aborted.outcome === 'connected');
  const newest = await connected(connect(sessionId));
  assert.equal(await store.abandon(sessionId, aborted.connectionNo, aborted.previousNo), false);
  assert.equal((await store.load(sessionId))?.connectionNo, newest);
  assert.equal(await store.abandon('nobody', 1, 0), false);
});

test('of connections made at once each has its own number, in the order in which Redis took them', async () => {
  const sessionId = await fixture.newSession();
  const numbers = await Promise.all(Array.from({ length: 20 }, () => connected(connect(sessionId))));
  assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
});

test('a number is above every one before, also where Redis forgot those or its clock went back', async () => {
  const sessionId = await fixture.newSession();
  const memory = await fixture.remember(sessionId);
  let last = 0;
  for (let attempt = 1; attempt <= 5; attempt += 1) last = await connected(connect(sessionId));
  await fixture.forget(sessionId, memory);
  while (Date.now() <= last) await sleep(1);
  const next = await connected(connect(sessionId));
  assert.ok(next > last);
  await fixture.redis.hset(recordKey(sessionId), 'connection_no', next + 1_000_000);
  assert.equal(await connected(connect(sessionId)), next + 1_000_001);
});

test('a claim for an older connection is refused, whoever is said to be lost; one for the newest teaches Redis its number', async () => {
  const sessionId = await fixture.newSession();
  const old = await connected(connect(sessionId));
  const memory = await fixture.remember(sessionId);
  const { fence } = await fixture.claimed(sessionId, 'a', { seenFence: 0, connectionNo: old });
  const newest = await connected(connect(sessionId));
  const lost = { workerId: 'a', fence };
  assert.deepEqual(await store.claim(sessionId, 'b', { lost, seenFence: fence, connectionNo: old }), { outcome: 'replaced' });
  assert.equal((await store.load(sessionId))?.owner, 'a');
  await fixture.forget(sessionId, memory);
  const claim = await store.claim(sessionId, 'b', { seenFence: fence, connectionNo: newest });
  assert.equal(claim.outcome === 'claimed' && claim.connectionNo, newest);
  assert.deepEqual(await store.claim(sessionId, 'c', { seenFence: fence, connectionNo: old }), { outcome: 'replaced' });
  const unnumbered = await store.claim(sessionId, 'b', { seenFence: fence });
  assert.equal(unnumbered.outcome === 'claimed' && unnumbered.connectionNo, newest, 'a gateway one version older numbers none');
});

test('a session that never was or is over has no connections', async () => {
  assert.deepEqual(await connect('nobody', undefined, 't1'), { outcome: 'not_found' });
  assert.equal(await store.rotate('nobody', 1, 't2', TTL_MS), false);
  assert.equal(await fixture.redis.exists(recordKey('nobody')), 0, 'nothing came into being');
  const sessionId = await fixture.newSession();
  await connect(sessionId, undefined, 't1');
  await store.end(sessionId);
  assert.deepEqual(await connect(sessionId, 't1', 't2'), { outcome: 'not_found' });
  assert.equal(await store.rotate(sessionId, 1, 't2', TTL_MS), false);
});

test('a token that was never given is refused and counts nothing, with no token kept as with one', async () => {
  const sessionId = await fixture.newSession();
  assert.deepEqual(await connect(sessionId, 'guess', 't1'), REFUSED);
  await connected(connect(sessionId, undefined, 't1'));
  assert.deepEqual(await connect(sessionId, 'guess', 't2'), REFUSED);
  await connected(connect(sessionId, 't1', 't2'));
});

test('a client whose connections die before it hears of the next token comes back with what it has, again and again', async () => {
  const sessionId = await fixture.newSession();
  await connect(sessionId, undefined, 't1');
  for (let attempt = 2; attempt < 8; attempt += 1) await connected(connect(sessionId, 't1', `t${attempt}`));
  await connected(connect(sessionId, 't7', 't8'));
  assert.deepEqual(await connect(sessionId, 't3', 't9'), REFUSED, 'those it never heard of are valid only while they are the newest');
});

test('once the newest token was shown, those before the shown one are refused', async () => {
  const sessionId = await fixture.newSession();
  await connect(sessionId, undefined, 't1');
  await connect(sessionId, 't1', 't2');
  await connect(sessionId, 't2', 't3');
  assert.deepEqual(await connect(sessionId, 't1', 't4'), REFUSED);
  await connected(connect(sessionId, 't2', 't4'));
});

test('a connection that cannot resume leaves the tokens as they are', async () => {
  const sessionId = await fixture.newSession();
  await connect(sessionId, undefined, 't1');
  await connect(sessionId);
  await connected(connect(sessionId, 't1'));
  await connected(connect(sessionId, 't1', 't2'));
});

test('a token expires by the clock of Redis, each at its own time', async () => {
  const sessionId = await fixture.newSession();
  await connect(sessionId, undefined, 't1', 1);
  const deadline = Date.now() + 5000;
  let outcome = await connect(sessionId, 't1');
  while (outcome.outcome === 'connected' && Date.now() < deadline) outcome = await connect(sessionId, 't1');
  assert.deepEqual(outcome, REFUSED);
  await connect(sessionId, undefined, 't2', TTL_MS);
  assert.deepEqual(await connect(sessionId, 't1', 't3'), REFUSED, 'the one before is kept, but expired');
  assert.equal((await connect(sessionId, 't2', 't3')).outcome, 'connected');
});

test('the newest connection is given newer tokens, two of which are valid; an older connection is not', async () => {
  const sessionId = await fixture.newSession();
  const first = await connected(connect(sessionId, undefined, 't1'));
  assert.equal(await store.rotate(sessionId, first, 't2', TTL_MS), true);
  assert.equal(await store.rotate(sessionId, first, 't2', TTL_MS), true, 'sent twice is as good as once');
  const second = await connected(connect(sessionId, 't1'));
  assert.equal(await store.rotate(sessionId, first, 't3', TTL_MS), false);
  assert.equal(await store.rotate(sessionId, second, 't3', TTL_MS), true);
  assert.deepEqual(await connect(sessionId, 't1'), REFUSED);
  await connected(connect(sessionId, 't2'));
  await connected(connect(sessionId, 't3'));
});

test('a Redis that forgot connections learns of them by the next rotation, and never counts below them again', async () => {
  const sessionId = await fixture.newSession();
  const memory = await fixture.remember(sessionId);
  let last = 0;
  for (let attempt = 1; attempt <= 5; attempt += 1) last = await connected(connect(sessionId, undefined, `t${attempt}`));
  await fixture.forget(sessionId, memory);
  while (Date.now() <= last) await sleep(1);
  assert.equal(await store.rotate(sessionId, last, 't6', TTL_MS), true);
  assert.equal((await store.load(sessionId))?.connectionNo, last);
  assert.ok((await connected(connect(sessionId, 't6', 't7'))) > last);
});

test('writes of an owner leave connections and tokens as they are', async () => {
  const sessionId = await fixture.newSession();
  await connect(sessionId, undefined, 't1');
  const lease = await fixture.claimed(sessionId, 'a');
  await fixture.commit(lease, 1);
  await store.renew(lease);
  await store.release(lease, { ingressSeq: 1, egressSeq: 1 });
  await store.claim(sessionId, 'b', UNKNOWING);
  await connected(connect(sessionId, 't1', 't2'));
});

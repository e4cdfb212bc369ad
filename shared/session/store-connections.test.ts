import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
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

function connected(connectionNo: number): ConnectOutcome {
  return { outcome: 'connected', connectionNo };
}

test('each connection of a session has a number, the newest the highest; claims and ends do not change it', async () => {
  const sessionId = await fixture.newSession();
  assert.deepEqual(await connect(sessionId), connected(1));
  await fixture.claimed(sessionId, 'a');
  assert.deepEqual(await connect(sessionId), connected(2));
  assert.equal((await store.load(sessionId))?.connectionNo, 2);
  await fixture.redis.pexpire(recordKey(sessionId), 20_000);
  assert.deepEqual(await connect(sessionId), connected(3));
  assert.ok((await fixture.redis.pttl(recordKey(sessionId))) > TIMES.ttlMs - 20_000, 'a caller who connects keeps the session alive');
});

test('of connections made at once each has its own number', async () => {
  const sessionId = await fixture.newSession();
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => connect(sessionId)));
  const numbers = outcomes.map((outcome) => (outcome.outcome === 'connected' ? outcome.connectionNo : 0));
  assert.deepEqual(numbers.sort((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i + 1));
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
  assert.deepEqual(await connect(sessionId, undefined, 't1'), connected(1));
  assert.deepEqual(await connect(sessionId, 'guess', 't2'), REFUSED);
  assert.deepEqual(await connect(sessionId, 't1', 't2'), connected(2));
});

test('a client whose connections die before it hears of the next token comes back with what it has, again and again', async () => {
  const sessionId = await fixture.newSession();
  await connect(sessionId, undefined, 't1');
  for (let attempt = 2; attempt < 8; attempt += 1) assert.deepEqual(await connect(sessionId, 't1', `t${attempt}`), connected(attempt));
  assert.deepEqual(await connect(sessionId, 't7', 't8'), connected(8));
  assert.deepEqual(await connect(sessionId, 't3', 't9'), REFUSED, 'those it never heard of are valid only while they are the newest');
});

test('once the newest token was shown, those before the shown one are refused', async () => {
  const sessionId = await fixture.newSession();
  await connect(sessionId, undefined, 't1');
  await connect(sessionId, 't1', 't2');
  await connect(sessionId, 't2', 't3');
  assert.deepEqual(await connect(sessionId, 't1', 't4'), REFUSED);
  assert.deepEqual(await connect(sessionId, 't2', 't4'), connected(4));
});

test('a connection that cannot resume leaves the tokens as they are', async () => {
  const sessionId = await fixture.newSession();
  await connect(sessionId, undefined, 't1');
  await connect(sessionId);
  assert.deepEqual(await connect(sessionId, 't1'), connected(3));
  assert.deepEqual(await connect(sessionId, 't1', 't2'), connected(4));
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
  await connect(sessionId, undefined, 't1');
  assert.equal(await store.rotate(sessionId, 1, 't2', TTL_MS), true);
  assert.equal(await store.rotate(sessionId, 1, 't2', TTL_MS), true, 'sent twice is as good as once');
  assert.deepEqual(await connect(sessionId, 't1'), connected(2));
  assert.equal(await store.rotate(sessionId, 1, 't3', TTL_MS), false);
  assert.equal(await store.rotate(sessionId, 2, 't3', TTL_MS), true);
  assert.deepEqual(await connect(sessionId, 't1'), REFUSED);
  assert.deepEqual(await connect(sessionId, 't2'), connected(3));
  assert.deepEqual(await connect(sessionId, 't3'), connected(4));
});

test('a Redis that forgot connections learns of them by the next rotation, and never counts below them again', async () => {
  const sessionId = await fixture.newSession();
  const memory = await fixture.remember(sessionId);
  for (let attempt = 1; attempt <= 5; attempt += 1) await connect(sessionId, undefined, `t${attempt}`);
  await fixture.forget(sessionId, memory);
  assert.equal(await store.rotate(sessionId, 5, 't6', TTL_MS), true);
  assert.deepEqual(await connect(sessionId, 't6', 't7'), connected(6));
});

test('writes of an owner leave connections and tokens as they are', async () => {
  const sessionId = await fixture.newSession();
  await connect(sessionId, undefined, 't1');
  const lease = await fixture.claimed(sessionId, 'a');
  await fixture.commit(lease, 1);
  await store.renew(lease);
  await store.release(lease, { ingressSeq: 1, egressSeq: 1 });
  await store.claim(sessionId, 'b', UNKNOWING);
  assert.deepEqual(await connect(sessionId, 't1', 't2'), connected(2));
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { attachSubject, claimSubject } from '../shared/bus/subjects.ts';
import type { ClaimReply } from '../shared/protocol/claim.ts';
import { NATIVE_SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../shared/protocol/native-message.ts';
import { pack } from '../shared/protocol/structured.ts';
import { startRedis } from '../shared/testing/servers.ts';
import { assertEnding, Caller } from './caller-fixture.ts';
import { Rig, startGround, type Ground } from './gateway-fixture.ts';
import { ScriptedWorker } from './scripted-worker-fixture.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

test('an unknown session is closed with 1008 "Session not found", whatever its name', async (context) => {
  const rig = await Rig.start(context, ground);
  for (const name of ['never-created', '%E0%A4%A', 'a%2Fb']) {
    const caller = await Caller.call(context, rig, name, { isNative: true });
    assert.deepEqual(await caller.ending, { code: 1008, reason: 'Session not found' }, name);
  }
});

test('over the limit an upgrade is refused with 503 before it is accepted, and taken again once someone left', async (context) => {
  const rig = await Rig.start(context, ground, { MAX_WEBSOCKET_CONNECTIONS: '2' });
  await ScriptedWorker.start(context, ground, 'w-limit');
  const ids = await Promise.all([0, 1, 2].map(async () => (await rig.createSession()).id));
  const [first] = await Promise.all(ids.slice(0, 2).map((id) => Caller.call(context, rig, id)));
  const { status, retryAfter } = await Caller.refused(rig, ids[2] ?? '');
  assert.equal(status, 503);
  assert.ok(Number(retryAfter) >= 1);
  first?.socket.close(4000);
  await first?.ending;
  assert.equal(await (await Caller.call(context, rig, ids[2] ?? '')).answers(), true);
});

test('many upgrades at once do not get past the limit', async (context) => {
  const rig = await Rig.start(context, ground, { MAX_WEBSOCKET_CONNECTIONS: '3' });
  await ScriptedWorker.start(context, ground, 'w-many');
  const ids = await Promise.all(Array.from({ length: 10 }, async () => (await rig.createSession()).id));
  const outcomes = await Promise.allSettled(ids.map((id) => Caller.call(context, rig, id)));
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3);
});

test('with keys a token is needed: by query, header or subprotocol; none is 401, a wrong one is told what an unknown session is', async (context) => {
  const rig = await Rig.start(context, ground, { API_KEYS: 'key' });
  await ScriptedWorker.start(context, ground, 'w-token');
  const [own, other] = await Promise.all([0, 1].map(() => rig.createSession({}, { authorization: 'Bearer key' })));
  assert.ok(own !== undefined && other !== undefined);
  const ways = (token: string) => [
    { query: `?token=${token}` },
    { headers: { authorization: `Bearer ${token}` } },
    { protocols: [`${TOKEN_SUBPROTOCOL_PREFIX}${token}`] },
    { isNative: true, protocols: [`${TOKEN_SUBPROTOCOL_PREFIX}${token}`] },
  ];
  for (const options of ways(own.token)) {
    const caller = await Caller.call(context, rig, own.id, options);
    assert.equal(await caller.answers(), true);
    if ('isNative' in options) assert.equal(caller.socket.protocol, NATIVE_SUBPROTOCOL);
  }
  assert.equal((await Caller.refused(rig, own.id)).status, 401);
  for (const options of [...ways(other.token), ...ways('wrong')]) assert.equal((await (await Caller.call(context, rig, own.id, options)).ending).code, 1008);
  const unknown = await Caller.call(context, rig, 'nobody', { query: '?token=whatever' });
  assert.equal((await unknown.ending).code, 1008);
});

test('a fleet that is full is said at once and once; who waits too long is closed with 1013', async (context) => {
  const rig = await Rig.start(context, ground, { ADMISSION_WAIT_MS: '600' });
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id, { isNative: true });
  const told = await caller.isTold('at_capacity');
  assert.ok(Number(told['retry_after_ms']) >= 1000);
  assertEnding(await caller.ending, 1013, 'At capacity');
  assert.equal(caller.heard.all.length, 1);
});

test('a plain client is told nothing beside its answers: a full fleet only by the close code', async (context) => {
  const rig = await Rig.start(context, ground, { ADMISSION_WAIT_MS: '600' });
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id);
  caller.send({ type: 'text', content: 'anybody there?' });
  assertEnding(await caller.ending, 1013, 'At capacity');
  assert.deepEqual(caller.heard.all, []);
});

test('a page of another website is refused where there are no keys, on both doors', async (context) => {
  const rig = await Rig.start(context, ground);
  const { id } = await rig.createSession();
  const origin = { origin: 'https://evil.example' };
  assert.equal((await Caller.refused(rig, id, { headers: origin })).status, 403);
  const posted = await fetch(`${rig.httpUrl}/sessions`, { method: 'POST', body: '{}', headers: origin });
  assert.equal(posted.status, 403);
});

test('what a plain client writes while it waits is answered in order once there is a worker, up to a bound', async (context) => {
  const rig = await Rig.start(context, ground, { MAX_WAITING_MESSAGES: '3' });
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id);
  for (const content of ['a', 'b', 'c', 'd']) caller.send({ type: 'text', content });
  await caller.isTold('too_many_waiting');
  await ScriptedWorker.start(context, ground, 'w-late');
  const answered = await caller.heard.first(4);
  assert.deepEqual(answered.slice(1).map(({ content }) => content), ['echo: a', 'echo: b', 'echo: c']);
});

test('a client that knows `ready` is asked to wait for it, its audio is taken from the start', async (context) => {
  const rig = await Rig.start(context, ground);
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id, { isNative: true });
  caller.send({ type: 'audio', data: Buffer.alloc(640).toString('base64') });
  caller.send({ type: 'text', content: 'too early' });
  await caller.isTold('not_ready');
  const worker = await ScriptedWorker.start(context, ground, 'w-ready');
  const ready = await caller.hears('ready');
  assert.deepEqual(ready, {
    type: 'ready', session_id: id, seq: 0, audio: { input: { encoding: 'pcm16', sample_rate: 16_000 }, output: { encoding: 'pcm16', sample_rate: 16_000 } },
  });
  await worker.envelopes.first(1);
  assert.deepEqual(worker.framesOf(id).map(({ seq, payload }) => [seq, payload.length]), [[1, 640]]);
});

test('a caller who comes back, through whichever gateway, gets the worker that has the session, and numbering goes on', async (context) => {
  const home = await ScriptedWorker.start(context, ground, 'w-home');
  const [one, two] = await Promise.all([Rig.start(context, ground), Rig.start(context, ground)]);
  const other = await ScriptedWorker.start(context, ground, 'w-other');
  const ids = await Promise.all(Array.from({ length: 6 }, async () => (await one.createSession()).id));
  for (const id of ids) {
    const before = await Caller.call(context, one, id);
    before.send({ type: 'text', content: 'x' });
    await before.hears('text');
    before.socket.close(4000);
    const back = await Caller.call(context, two, id);
    back.send({ type: 'text', content: 'y' });
    assert.deepEqual([(await back.hears('text'))['content'], (await back.hears('text'))['seq']], ['echo: y', 2]);
    const { fence } = (await ground.store.load(id)) ?? {};
    assert.equal(fence, 1);
  }
  for (const id of ids) assert.equal([home, other].filter(({ sessions }) => sessions.has(id)).length, 1);
});

test('a session whose record names a dead owner is claimed from it at once, not when its lease runs out', async (context) => {
  const rig = await Rig.start(context, ground);
  const { id } = await rig.createSession();
  const dead = await ground.store.claim(id, 'long-gone', { seenFence: 0 });
  assert.equal(dead.outcome, 'claimed');
  const worker = await ScriptedWorker.start(context, ground, 'w-heir');
  const caller = await Caller.call(context, rig, id);
  caller.send({ type: 'text', content: 'anybody?' });
  assert.equal((await caller.hears('text'))['content'], 'echo: anybody?');
  const { lost, seenFence } = (await worker.held(id)).request;
  assert.deepEqual({ lost, seenFence }, { lost: { workerId: 'long-gone', fence: 1 }, seenFence: 1 });
});

test('an owner without a place for a session does not hold it: somebody else takes it over at once', async (context) => {
  const rig = await Rig.start(context, ground);
  const { id } = await rig.createSession();
  await ground.store.claim(id, 'draining', { seenFence: 0 });
  const bus = await ground.connect('draining');
  const full: ClaimReply = { ok: false, reason: 'full' };
  const refusing = bus.subscribe(attachSubject('draining'), (message) => message.respond(pack(full)));
  context.after(() => refusing.stop());
  const worker = await ScriptedWorker.start(context, ground, 'w-has-room');
  const caller = await Caller.call(context, rig, id);
  caller.send({ type: 'text', content: 'anybody?' });
  assert.equal((await caller.hears('text'))['content'], 'echo: anybody?');
  assert.deepEqual((await worker.held(id)).request.lost, { workerId: 'draining', fence: 1 });
});

test('an owner that does not know of a later one is not believed; another one is asked', async (context) => {
  const rig = await Rig.start(context, ground);
  const { id } = await rig.createSession();
  await ground.store.claim(id, 'newest', { seenFence: 4 });
  const fence = 5;
  assert.equal(await ground.store.release({ sessionId: id, workerId: 'newest', fence }, { ingressSeq: 0, egressSeq: 0 }), true);
  const bus = await ground.connect('stale');
  const stale: ClaimReply = { ok: true, workerId: 'stale', fence: fence - 1, workerSlot: 1, committedIngressSeq: 0, receivedIngressSeq: 0 };
  const worker = new Promise<ScriptedWorker>((resolve) => {
    const answering = bus.subscribe(claimSubject('normal'), (message) => {
      message.respond(pack(stale));
      answering.stop();
      resolve(ScriptedWorker.start(context, ground, 'w-knows'));
    });
  });
  await bus.hasListener(claimSubject('urgent'), new Uint8Array(0));
  const caller = await Caller.call(context, rig, id);
  caller.send({ type: 'text', content: 'who is it?' });
  assert.equal((await caller.hears('text'))['content'], 'echo: who is it?');
  const held = await (await worker).held(id);
  assert.deepEqual([held.fence, held.request.lost], [fence + 1, undefined], 'it was never attached to the other one');
});

test('a connection that a worker knows to be older than another of the same caller is closed with 4001', async (context) => {
  const rig = await Rig.start(context, ground);
  const { id } = await rig.createSession();
  const bus = await ground.connect('refuser');
  const refusal: ClaimReply = { ok: false, reason: 'replaced' };
  const refusing = bus.subscribe(claimSubject('normal'), (message) => message.respond(pack(refusal)));
  context.after(() => refusing.stop());
  await bus.hasListener(claimSubject('urgent'), new Uint8Array(0));
  const caller = await Caller.call(context, rig, id);
  assert.deepEqual(await caller.ending, { code: 4001, reason: 'Replaced by a newer connection' });
});

test('without Redis an upgrade is refused with 503 and a time to come again; with it again, taken', async (context) => {
  const redis = await startRedis();
  const rig = await Rig.start(context, { ...ground, redis });
  await redis.kill();
  const { status, retryAfter } = await Caller.refused(rig, 'any');
  assert.deepEqual([status, retryAfter], [503, '1']);
  const asked = await rig.ask('POST', '/sessions', {});
  assert.deepEqual([asked.status, asked.headers.get('retry-after')], [503, '1']);
});

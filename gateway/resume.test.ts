import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { connectBus } from '../shared/bus/nats-bus.ts';
import { checkSubject } from '../shared/bus/subjects.ts';
import { ENVELOPE_FLAG, ENVELOPE_TYPE, holeFlags } from '../shared/protocol/envelope.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import { startNats } from '../shared/testing/servers.ts';
import { assertEnding, Caller } from './caller-fixture.ts';
import { Rig, SILENT, startGround, type Ground } from './gateway-fixture.ts';
import { secretHash } from './http/authorization.ts';
import { ScriptedWorker, type HeldSession } from './scripted-worker-fixture.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

function audio(seq: number, more: object = {}): object {
  return { type: 'audio', data: Buffer.alloc(640, seq).toString('base64'), seq, ...more };
}

interface Call {
  readonly rig: Rig;
  readonly id: string;
  readonly caller: Caller;
  readonly worker: ScriptedWorker;
  readonly session: HeldSession;
}

/** A caller who can resume, on a worker that acknowledges nothing by itself. */
async function callOn(context: TestContext, name: string, env: NodeJS.ProcessEnv = {}): Promise<Call> {
  const [rig, worker] = await Promise.all([Rig.start(context, ground, env), ScriptedWorker.start(context, ground, name)]);
  worker.script.acks = false;
  const { id } = await rig.createSession();
  const caller = await Caller.resume(context, rig, id, { after: 0 });
  await caller.hears('ready');
  return { rig, id, caller, worker, session: await worker.held(id) };
}

/** What the worker was told that the caller has. */
function receivedSeqs(worker: ScriptedWorker): readonly number[] {
  return worker.envelopes.all.filter(({ type }) => type === ENVELOPE_TYPE.received).map(({ seq }) => seq);
}

function say(worker: ScriptedWorker, session: HeldSession, ...words: readonly string[]): void {
  for (const content of words) worker.event(session, { type: 'text', content });
}

for (const place of ['the same', 'another'] as const) {
  test(`who comes back to ${place} gateway hears what was missed once and in order, and knows what to send again`, async (context) => {
    const { rig, id, caller, worker, session } = await callOn(context, `w-resume-${place.slice(0, 4).trim()}`);
    const other = place === 'another' ? await Rig.start(context, ground) : rig;
    assert.deepEqual((await caller.hears('ready'))['ingress'], { committed: 0, received: 0 });
    for (const seq of [1, 2, 3]) caller.send(audio(seq));
    say(worker, session, 'one', 'two', 'three');
    await Promise.all([worker.envelopes.first(3), caller.heard.find(({ content }) => content === 'three')]);
    worker.ack(session, 2);
    assert.equal((await caller.hears('ack'))['committed'], 2);
    caller.socket.terminate();
    await worker.envelopes.find(({ type }) => type === ENVELOPE_TYPE.gone);
    say(worker, session, 'four', 'five');
    const back = await Caller.resume(context, other, id, { after: 1, resumeToken: await caller.ticket() });
    await back.heard.find(({ content }) => content === 'five');
    say(worker, session, 'six');
    await back.heard.find(({ content }) => content === 'six');
    assert.deepEqual(back.said, [[2, 'two'], [3, 'three'], [4, 'four'], [5, 'five'], [6, 'six']]);
    assert.deepEqual((await back.hears('ready'))['ingress'], { committed: 2, received: 3 });
    for (const seq of [3, 4]) back.send(audio(seq, { resent: true }));
    back.send(audio(5));
    await worker.envelopes.find(({ seq }) => seq === 5);
    assert.deepEqual(worker.framesOf(id).map(({ seq, flags }) => [seq, flags]), [[1, 0], [2, 0], [3, 0], [4, ENVELOPE_FLAG.replayed], [5, 0]]);
  });
}

test('a resume token stands in for the session’s; one that is wrong, another’s or too old is refused with 4005', async (context) => {
  const [rig] = await Promise.all([Rig.start(context, ground, { API_KEYS: 'key' }), ScriptedWorker.start(context, ground, 'w-tokens')]);
  const keys = { authorization: 'Bearer key' };
  const [ann, bob] = await Promise.all([rig.createSession({}, keys), rig.createSession({}, keys)]);
  const first = await Caller.resume(context, rig, ann.id, { after: 0, sessionToken: ann.token });
  const bobs = await Caller.resume(context, rig, bob.id, { after: 0, sessionToken: bob.token });
  const one = await first.ticket();
  const second = await Caller.resume(context, rig, ann.id, { after: 0, resumeToken: one });
  const two = await second.ticket();
  // The answer with the newer token may have been lost: the one before is good until a newer one is shown.
  const third = await Caller.resume(context, rig, ann.id, { after: 0, resumeToken: one });
  const three = await third.ticket();
  const fourth = await Caller.resume(context, rig, ann.id, { after: 0, resumeToken: three });
  await fourth.hears('ready');
  const refused = [two, 'made-up', await bobs.ticket()];
  for (const resumeToken of refused) {
    const caller = await Caller.resume(context, rig, ann.id, { after: 0, resumeToken, sessionToken: ann.token });
    assertEnding(await caller.ending, 4005, 'Resume token is not valid');
  }
  assert.equal((await Caller.refused(rig, ann.id, { query: '?after=0' })).status, 401);
  assert.equal(await fourth.answers(), true, 'a refused token harms nobody');
  await ground.store.rotate(ann.id, 1000, secretHash('expires'), 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const late = await Caller.resume(context, rig, ann.id, { after: 0, resumeToken: 'expires' });
  assert.equal((await late.ending).code, 4005);
});

test('a token is renewed while the call goes on, and the newer one is good', async (context) => {
  const { rig, id, caller } = await callOn(context, 'w-renew', { RESUME_TOKEN_TTL_S: '10' });
  const first = await caller.ticket();
  const renewed = await caller.hears('resume_token');
  assert.notEqual(renewed['token'], first);
  assert.ok(Date.parse(String(renewed['expires_at'])) > Date.now());
  const back = await Caller.resume(context, rig, id, { after: 0, resumeToken: String(renewed['token']) });
  await back.hears('ready');
  assert.equal((await caller.ending).code, 4001);
});

test('a place to go on from that is no number is refused with 400', async (context) => {
  const rig = await Rig.start(context, ground);
  const { id } = await rig.createSession();
  for (const after of ['', 'x', '-1', '1.5', '2147483648']) assert.equal((await Caller.refused(rig, id, { query: `?after=${after}` })).status, 400, after);
});

test('who resumes while the old socket looks open takes the call over; the old socket is closed with 4001', async (context) => {
  const { rig, id, caller, worker, session } = await callOn(context, 'w-both-open');
  const other = await Rig.start(context, ground);
  say(worker, session, 'one');
  await caller.hears('text');
  const here = await Caller.resume(context, rig, id, { after: 1, resumeToken: await caller.ticket() });
  assert.equal((await caller.ending).code, 4001);
  say(worker, session, 'two');
  await here.hears('text');
  const there = await Caller.resume(context, other, id, { after: 2, resumeToken: await here.ticket() });
  assert.equal((await here.ending).code, 4001);
  say(worker, session, 'three');
  await there.hears('text');
  assert.deepEqual([caller.said, here.said, there.said], [[[1, 'one']], [[2, 'two']], [[3, 'three']]]);
});

test('a connection that is older than the one its worker serves is closed with 4001', async (context) => {
  const { rig, id, session } = await callOn(context, 'w-older');
  session.request = { ...session.request, connectionNo: Number.MAX_SAFE_INTEGER };
  const late = await Caller.resume(context, rig, id, { after: 0 });
  assert.deepEqual(await late.ending, { code: 4001, reason: 'Replaced by a newer connection' });
});

test('what a caller sends twice is taken once, and what it gave up is left out on purpose', async (context) => {
  const { id, caller, worker } = await callOn(context, 'w-duplicates');
  for (const seq of [1, 2, 2, 1, 3, 6, 5, 7]) caller.send(audio(seq));
  caller.send({ type: 'text', content: 'x', seq: 7 });
  caller.send({ type: 'text', content: 'y', seq: 8 });
  caller.send({ type: 'audio', data: 'AAAA' });
  assert.match(String((await caller.isTold('bad_request'))['message']), /^seq:/);
  await caller.hears('text');
  assert.deepEqual(worker.framesOf(id).map(({ seq, flags }) => [seq, flags]), [[1, 0], [2, 0], [3, 0], [6, holeFlags(2)], [7, 0], [8, 0]]);
  assert.deepEqual(await caller.hears('text'), { type: 'text', content: 'echo: y', re: 8, seq: 1 });
});

test('egress that the bus lost is asked for and comes in order; what is kept no longer is jumped over', async (context) => {
  const { caller, worker, session, rig } = await callOn(context, 'w-loses');
  const lost = new Set([2, 3, 5]);
  worker.script.losesEgress = (seq) => lost.delete(seq);
  say(worker, session, 'one', 'two', 'three', 'four', 'five', 'six');
  await caller.heard.find(({ content }) => content === 'six');
  assert.deepEqual(caller.said.map(([seq]) => seq), [1, 2, 3, 4, 5, 6]);
  lost.add(7).add(8);
  say(worker, session, 'seven', 'eight');
  session.log = session.log.filter(({ seq }) => seq > 7);
  say(worker, session, 'nine');
  await caller.heard.find(({ content }) => content === 'nine');
  assert.deepEqual(caller.said.slice(6), [[8, 'eight'], [9, 'nine']]);
  const { text } = await rig.ask('GET', '/metrics');
  assert.match(text, /voxfleet_gateway_asked_again_total\{[^}]*\} [2-9]\n/);
});

test('ingress that the bus lost is sent again when the worker asks, nothing twice and nothing out of order', async (context) => {
  const { id, caller, worker } = await callOn(context, 'w-asks');
  const lost = new Set([2, 3, 6]);
  worker.script.losesIngress = ({ seq }) => lost.delete(seq);
  for (let seq = 1; seq <= 8; seq++) {
    caller.send(audio(seq));
    assert.equal(await caller.answers(), true);
  }
  await worker.envelopes.find(({ seq }) => seq === 8);
  assert.deepEqual(worker.framesOf(id).map(({ seq }) => seq), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test('a worker that asks after its caller has what did not come of its last words asked for, and hears how far the caller is', async (context) => {
  const { caller, worker, session } = await callOn(context, 'w-last-words');
  const bus = await ground.connect('asks-after');
  context.after(() => bus.close());
  const { gatewayId, gatewaySlot, sessionId } = session.request;
  const ask = async (more: object): Promise<unknown> => unpack(await bus.request(checkSubject(gatewayId), pack({ sessionId, gatewaySlot, ...more }), 20_000));
  const lost = new Set([1]);
  worker.script.losesEgress = (seq) => lost.delete(seq);
  caller.send(audio(1));
  await worker.envelopes.first(1);
  say(worker, session, 'the last word');
  assert.deepEqual(await ask({ fence: session.fence + 1, egressSeq: 1 }), { isConnected: true }, 'only its owner is told');
  assert.deepEqual(await ask({ fence: session.fence, egressSeq: 1 }), { isConnected: true, sentIngressSeq: 1 });
  await caller.heard.find(({ content }) => content === 'the last word');
  assert.deepEqual(receivedSeqs(worker), [0], 'what a connection was given the caller may not have');
  caller.send({ type: 'ack', seq: 1 });
  await worker.envelopes.find(({ type, seq }) => type === ENVELOPE_TYPE.received && seq === 1);
  await ask({ fence: session.fence });
  await ask({ fence: session.fence, egressSeq: 1 });
  caller.send(audio(2));
  await worker.envelopes.find(({ seq, type }) => type === ENVELOPE_TYPE.audio && seq === 2);
  assert.deepEqual(receivedSeqs(worker), [0, 1, 1], 'the bus may have lost what the caller said it has');
});

test('a text that was answered is given to the next worker with its answer, not to be answered again', async (context) => {
  const [rig, first] = await Promise.all([Rig.start(context, ground), ScriptedWorker.start(context, ground, 'w-answers')]);
  first.script.acks = false;
  const ids = await Promise.all([0, 1].map(async () => (await rig.createSession()).id));
  const plain = await Caller.call(context, rig, ids[0] ?? '');
  const numbered = await Caller.resume(context, rig, ids[1] ?? '', { after: 0 });
  await numbered.hears('ready');
  for (const caller of [plain, numbered]) caller.send({ type: 'text', content: 'a', seq: 1 });
  await Promise.all([plain.hears('text'), numbered.hears('text')]);
  await first.die();
  for (const caller of [plain, numbered]) caller.send({ type: 'text', content: 'b', seq: 2 });
  const heir = await ScriptedWorker.start(context, ground, 'w-does-not');
  await Promise.all([plain, numbered].map((caller) => caller.heard.find(({ content }) => content === 'echo: b')));
  for (const id of ids) {
    const [answered, open] = heir.framesOf(id);
    assert.deepEqual([answered?.seq, unpack(answered?.payload ?? new Uint8Array(0))], [1, { content: 'a', answer: 'echo: a' }]);
    assert.equal((answered?.flags ?? 0) & ENVELOPE_FLAG.answered, ENVELOPE_FLAG.answered);
    assert.equal((open?.flags ?? 0) & ENVELOPE_FLAG.answered, 0);
  }
  assert.deepEqual(plain.heard.all, [{ type: 'text', content: 'echo: a', seq: 1 }, { type: 'text', content: 'echo: b', seq: 2 }]);
  assert.deepEqual(numbered.said, [[1, 'echo: a'], [2, 'echo: b']]);
});

test('a cancel and the newest playout mark wait for the next worker and come after what was replayed', async (context) => {
  const { id, caller, worker } = await callOn(context, 'w-leaves');
  for (const seq of [1, 2]) caller.send(audio(seq));
  await worker.envelopes.first(2);
  await worker.die();
  caller.send(audio(3));
  await caller.isTold('worker_lost');
  for (const message of [{ type: 'played', seq: 4 }, { type: 'cancel' }, { type: 'played', seq: 5 }, { type: 'played', seq: 3 }]) caller.send(message);
  const heir = await ScriptedWorker.start(context, ground, 'w-hears-all');
  await heir.held(id);
  const { audio: sound, played, cancel } = ENVELOPE_TYPE;
  const heard = (await heir.envelopes.first(5)).map(({ type, seq }) => [type, seq]);
  assert.deepEqual(heard, [[sound, 1], [sound, 2], [sound, 3], [played, 5], [cancel, 0]]);
});

test('the next worker is told how far the agent’s speech came, also by a gateway that has passed on none of it', async (context) => {
  const { id, caller, worker, session } = await callOn(context, 'w-speaks');
  worker.turnSpeech(session, new Uint8Array(640), 257, 100);
  worker.turnSpeech(session, new Uint8Array(640), 257, 120);
  await caller.frames.first(2);
  const other = await Rig.start(context, ground);
  const moved = await Caller.resume(context, other, id, { after: 2, resumeToken: await caller.ticket() });
  await moved.hears('ready');
  assert.deepEqual(session.request.delivered, undefined);
  await worker.die();
  moved.send(audio(1));
  await moved.isTold('worker_lost');
  const heir = await ScriptedWorker.start(context, ground, 'w-speaks-on');
  const { request } = await heir.held(id);
  assert.deepEqual([request.delivered, request.seenEgressSeq, request.isResuming], [{ turn: 1, mediaMs: 140 }, 2, true]);
  assert.ok(request.seenFence >= session.fence);
});

test('a worker is told what its caller has: by the client where it can resume, by the gateway where it cannot', async (context) => {
  const { caller, worker, session, rig } = await callOn(context, 'w-is-told');
  const { id } = await rig.createSession();
  const plain = await Caller.call(context, rig, id, { isNative: true });
  await plain.hears('ready');
  say(worker, session, 'one', 'two');
  say(worker, await worker.held(id), 'one', 'two', 'three');
  await Promise.all([caller.heard.find(({ content }) => content === 'two'), plain.heard.find(({ content }) => content === 'three')]);
  const { slot } = await worker.held(id);
  await worker.envelopes.find((envelope) => envelope.slot === slot && envelope.type === ENVELOPE_TYPE.received && envelope.seq === 3);
  assert.equal(worker.envelopes.all.some((envelope) => envelope.slot === session.slot && envelope.type === ENVELOPE_TYPE.received), false);
  caller.send({ type: 'ack', seq: 1 });
  await worker.envelopes.find((envelope) => envelope.slot === session.slot && envelope.type === ENVELOPE_TYPE.received && envelope.seq === 1);
  plain.send({ type: 'ack', seq: 1 });
  await plain.isTold('unknown_type');
  assert.deepEqual(Object.keys(await plain.hears('ready')), ['type', 'session_id', 'audio', 'seq']);
});

test('what the agent said while the bus was away is asked for once it is back', async (context) => {
  const nats = await startNats();
  const apart = { ...ground, nats, connect: (name: string) => connectBus({ url: nats.url, name, log: SILENT }) };
  const [rig, worker] = await Promise.all([Rig.start(context, apart), ScriptedWorker.start(context, apart, 'w-goes-on')]);
  const { id } = await rig.createSession();
  const callers = await Promise.all([Caller.resume(context, rig, id, { after: 0 }), rig.createSession().then((other) => Caller.call(context, rig, other.id, { isNative: true }))]);
  const ids = await Promise.all(callers.map(async (caller) => String((await caller.hears('ready'))['session_id'])));
  const sessions = await Promise.all(ids.map((held) => worker.held(held)));
  for (const session of sessions) say(worker, session, 'one');
  await Promise.all(callers.map((caller) => caller.hears('text')));
  await nats.kill();
  for (const session of sessions) say(worker, session, 'two', 'three');
  for (const caller of callers) assert.equal(await caller.answers(), true);
  const back = await startNats({ port: nats.port });
  context.after(() => back.stop());
  await Promise.all(callers.map((caller) => caller.heard.find(({ content }) => content === 'three')));
  for (const caller of callers) assert.deepEqual(caller.said, [[1, 'one'], [2, 'two'], [3, 'three']]);
});

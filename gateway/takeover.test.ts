import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { ENVELOPE_FLAG } from '../shared/protocol/envelope.ts';
import { connectBus } from '../shared/bus/nats-bus.ts';
import { startNats } from '../shared/testing/servers.ts';
import { assertEnding, Caller } from './caller-fixture.ts';
import { Rig, SILENT, startGround, type Ground } from './gateway-fixture.ts';
import { ScriptedWorker, type HeldSession } from './scripted-worker-fixture.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

/** A frame of audio that can be told from the others. */
function audio(mark: number): object {
  return { type: 'audio', data: Buffer.alloc(640, mark).toString('base64') };
}

interface Call {
  readonly rig: Rig;
  readonly id: string;
  readonly caller: Caller;
  readonly first: ScriptedWorker;
  readonly session: HeldSession;
}

/** A call on a worker that acknowledges nothing by itself. */
async function callOn(context: TestContext, name: string, isNative = true, env: NodeJS.ProcessEnv = {}): Promise<Call> {
  const [rig, first] = await Promise.all([Rig.start(context, ground, env), ScriptedWorker.start(context, ground, name)]);
  first.script.acks = false;
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id, { isNative });
  return { rig, id, caller, first, session: await first.held(id) };
}

test('when a worker dies the next one gets exactly what was not committed, in order, marked as sent again', async (context) => {
  const { id, caller, first, session, rig } = await callOn(context, 'dies-1');
  for (let mark = 1; mark <= 10; mark++) caller.send(audio(mark));
  await first.envelopes.first(10);
  first.ack(session, 4);
  first.event(session, { type: 'speech_started' });
  await caller.hears('speech_started');
  await first.die();
  // The next frame finds nobody there; it has to be before the heir is, or it is not one of those that are sent again.
  caller.send(audio(11));
  const told = await caller.isTold('worker_lost');
  assert.equal(told['seq'], 1);
  assert.equal(await caller.answers(), true);
  const second = await ScriptedWorker.start(context, ground, 'heir-1');
  await second.envelopes.find(({ seq }) => seq === 11);
  const replayed = second.framesOf(id);
  assert.deepEqual(replayed.map(({ seq, payload }) => [seq, payload[0]]), [5, 6, 7, 8, 9, 10, 11].map((seq) => [seq, seq]));
  assert.ok(replayed.every(({ flags }) => (flags & ENVELOPE_FLAG.replayed) !== 0));
  const held = await second.held(id);
  assert.deepEqual([held.fence, held.request.lost, held.request.seenEgressSeq], [2, { workerId: 'dies-1', fence: 1 }, 1]);
  caller.send(audio(12));
  const live = await second.envelopes.find(({ seq }) => seq === 12);
  assert.equal(live.flags, 0);
  const { text } = await rig.ask('GET', '/metrics');
  assert.match(text, /voxfleet_gateway_takeovers_total\{[^}]*outcome="admitted"[^}]*\} 1\n/);
});

test('a plain client that only writes is answered once for each text, whichever worker died in between', async (context) => {
  const { caller, first, session } = await callOn(context, 'dies-2', false);
  caller.send({ type: 'text', content: 'a' });
  await caller.heard.first(1);
  first.ack(session, 1);
  first.event(session, { type: 'text', content: 'marker' });
  await caller.heard.first(2);
  await first.die();
  caller.send({ type: 'text', content: 'b' });
  await ScriptedWorker.start(context, ground, 'heir-2');
  caller.send({ type: 'text', content: 'c' });
  const heard = await caller.heard.first(4);
  assert.deepEqual(heard.map(({ type, content }) => [type, content]), [['text', 'echo: a'], ['text', 'marker'], ['text', 'echo: b'], ['text', 'echo: c']]);
});

test('a worker that freezes is lost when its heartbeats stop, and what it says afterwards reaches nobody', async (context) => {
  const { caller, first, session, id, rig } = await callOn(context, 'freezes', true, { WORKER_LOST_AFTER_MS: '1500' });
  await first.untilBeaten(8);
  caller.send(audio(1));
  await first.envelopes.first(1);
  await first.closeClaims();
  const second = await ScriptedWorker.start(context, ground, 'heir-3');
  first.freeze();
  await caller.isTold('worker_lost');
  const held = await second.held(id);
  assert.equal(held.fence, 2);
  first.event(session, { type: 'text', content: 'from the grave' });
  first.speech(session, Uint8Array.of(6, 6));
  second.event(held, { type: 'text', content: 'from the heir' });
  await caller.heard.find(({ content }) => content === 'from the heir');
  assert.equal(await caller.answers(), true);
  assert.equal(caller.heard.all.some(({ content }) => content === 'from the grave'), false);
  assert.equal(caller.frames.all.length, 0);
  // What two workers say comes in any order: both of the frozen one's words may still be on their way.
  const hasRefusedBoth = async (): Promise<boolean> => /voxfleet_gateway_stale_fence_total\{[^}]*\} 2\n/.test((await rig.ask('GET', '/metrics')).text);
  while (!(await hasRefusedBoth())) context.signal.throwIfAborted();
  assert.equal(caller.heard.all.some(({ content }) => content === 'from the grave'), false);
});

test('many callers of one lost worker are all taken over, each with its own frames', async (context) => {
  const rig = await Rig.start(context, ground);
  const first = await ScriptedWorker.start(context, ground, 'dies-4');
  first.script.acks = false;
  const ids = await Promise.all(Array.from({ length: 40 }, async () => (await rig.createSession()).id));
  const callers = await Promise.all(ids.map((id) => Caller.call(context, rig, id, { isNative: true })));
  await Promise.all(callers.map((caller) => caller.hears('ready')));
  callers.forEach((caller, mark) => Array.from({ length: 5 }, () => caller.send(audio(mark))));
  await first.envelopes.first(200);
  await first.die();
  const second = await ScriptedWorker.start(context, ground, 'heir-4');
  callers[0]?.send(audio(0));
  await second.envelopes.first(201);
  ids.forEach((id, mark) => {
    const frames = second.framesOf(id);
    assert.deepEqual(frames.map(({ seq }) => seq), Array.from({ length: mark === 0 ? 6 : 5 }, (_, i) => i + 1));
    assert.ok(frames.every(({ payload }) => payload[0] === mark));
  });
});

test('a session given up in order is claimed anew without a word, and nothing of it is lost', async (context) => {
  const { caller, first, session, id } = await callOn(context, 'hands-off');
  for (let mark = 1; mark <= 3; mark++) caller.send(audio(mark));
  await first.envelopes.first(3);
  await first.closeClaims();
  const second = await ScriptedWorker.start(context, ground, 'takes-on');
  await first.release(session, 2);
  const [frame] = await second.envelopes.first(1);
  assert.deepEqual([frame?.seq, frame?.payload[0]], [3, 3]);
  assert.equal((await second.held(id)).request.lost, undefined);
  assert.equal(caller.heard.all.some(({ type }) => type === 'error'), false);
});

test('a call whose worker is lost and that nobody takes on is closed with 4004', async (context) => {
  const { caller, first } = await callOn(context, 'dies-6', true, { REPLAY_MS: '1000', ADMISSION_WAIT_MS: '3000' });
  await caller.hears('ready');
  await first.die();
  caller.send(audio(1));
  await caller.isTold('worker_lost');
  await caller.isTold('at_capacity');
  assertEnding(await caller.ending, 4004, 'Session could not be taken over');
});

test('after an outage a worker has time to come back; one that does not is lost then', async (context) => {
  const nats = await startNats();
  const apart = { ...ground, nats, connect: (name: string) => connectBus({ url: nats.url, name, log: SILENT }) };
  const rig = await Rig.start(context, apart);
  const worker = await ScriptedWorker.start(context, apart, 'w-stays-away');
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id, { isNative: true });
  await caller.hears('ready');
  await nats.kill();
  await worker.die();
  const back = await startNats({ port: nats.port });
  context.after(() => back.stop());
  const isCutOff = async (): Promise<boolean> => /NATS/.test((await rig.ask('GET', '/health/ready')).text);
  while (await isCutOff()) assert.equal(await caller.answers(), true);
  caller.send(audio(1));
  assert.equal(await caller.answers(), true);
  assert.equal(caller.heard.all.some(({ code }) => code === 'worker_lost'), false);
  const heir = await ScriptedWorker.start(context, apart, 'w-after');
  await caller.isTold('worker_lost');
  const [frame] = await heir.envelopes.first(1);
  assert.deepEqual([frame?.seq, frame?.payload[0]], [1, 1]);
});

test('a bus that was away loses no frame: what was said meanwhile follows, in order', async (context) => {
  const nats = await startNats();
  const apart = { ...ground, nats, connect: (name: string) => connectBus({ url: nats.url, name, log: SILENT }) };
  const rig = await Rig.start(context, apart);
  const worker = await ScriptedWorker.start(context, apart, 'w-outage');
  worker.script.acks = false;
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id, { isNative: true });
  await caller.hears('ready');
  caller.send(audio(1));
  await worker.envelopes.first(1);
  await nats.kill();
  for (let mark = 2; mark <= 6; mark++) caller.send(audio(mark));
  assert.equal(await caller.answers(), true);
  const back = await startNats({ port: nats.port });
  context.after(() => back.stop());
  await worker.envelopes.find(({ seq }) => seq === 6);
  const seqs = worker.framesOf(id).map(({ seq }) => seq);
  assert.deepEqual([...new Set(seqs)], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(seqs.slice(-5), [2, 3, 4, 5, 6]);
});

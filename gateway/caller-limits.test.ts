import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { connectBus } from '../shared/bus/nats-bus.ts';
import { writeBinaryFrame } from '../shared/protocol/binary-frame.ts';
import { ENVELOPE_FLAG } from '../shared/protocol/envelope.ts';
import { startNats } from '../shared/testing/servers.ts';
import { Caller } from './caller-fixture.ts';
import { Rig, SILENT, startGround, type Ground } from './gateway-fixture.ts';
import { ScriptedWorker } from './scripted-worker-fixture.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

const { gap, replayed } = ENVELOPE_FLAG;

interface Call {
  readonly id: string;
  readonly caller: Caller;
  readonly worker: ScriptedWorker;
}

/** A caller who can resume, on a worker that neither acknowledges nor answers. */
async function callOn(context: TestContext, name: string, env: NodeJS.ProcessEnv = {}): Promise<Call> {
  const [rig, worker] = await Promise.all([Rig.start(context, ground, env), ScriptedWorker.start(context, ground, name)]);
  Object.assign(worker.script, { acks: false, echoes: false });
  const { id } = await rig.createSession();
  const caller = await Caller.resume(context, rig, id, { after: 0 });
  await caller.hears('ready');
  return { id, caller, worker };
}

test('texts that nobody stores fill their room: further ones are refused by their numbers, and left out on purpose', async (context) => {
  const { id, caller, worker } = await callOn(context, 'w-full-of-texts');
  const content = 'x'.repeat(4000);
  const texts = 70;
  for (let seq = 1; seq <= texts; seq++) caller.send({ type: 'text', content, seq });
  const refusal = await caller.isTold('too_many_waiting');
  const first = Number(refusal['re']);
  assert.ok(first > 60 && first < texts, `text ${first} is the first that finds no room`);
  caller.send({ type: 'audio', data: 'AAA=', seq: texts + 1 });
  await worker.envelopes.find(({ seq }) => seq === texts + 1);
  assert.deepEqual(worker.framesOf(id).map(({ seq }) => seq), [...Array.from({ length: first - 1 }, (_, i) => i + 1), texts + 1]);
  assert.equal((worker.framesOf(id).at(-1)?.flags ?? 0) & gap, gap);
});

test('the longest text that may be configured finds room', async (context) => {
  const { id, caller, worker } = await callOn(context, 'w-long-text', { MAX_TEXT_CHARS: '100000' });
  caller.send({ type: 'text', content: '€'.repeat(100_000), seq: 1 });
  await worker.envelopes.first(1);
  assert.deepEqual(worker.framesOf(id).map(({ seq }) => seq), [1]);
});

test('no more audio is taken as sent again, which nothing sheds, than is kept for that', async (context) => {
  const { id, caller, worker } = await callOn(context, 'w-sent-again', { REPLAY_MS: '1000' });
  const data = Buffer.alloc(16_000).toString('base64');
  for (let seq = 1; seq <= 4; seq++) caller.send({ type: 'audio', data, seq, resent: true });
  await worker.envelopes.first(4);
  assert.deepEqual(worker.framesOf(id).map(({ flags }) => flags & replayed), [replayed, replayed, 0, 0]);
});

test('numbers near the end of 32 bits are refused, and the call goes on', async (context) => {
  const { id, caller, worker } = await callOn(context, 'w-numbers');
  const largest = 0x7fff_ffff;
  caller.socket.send(writeBinaryFrame({ kind: 1, priority: 1, seq: 0xffff_ffff, timestampMs: 0, payload: new Uint8Array(2) }));
  assert.match(String((await caller.isTold('bad_request'))['message']), /^seq:/);
  for (const type of ['ack', 'played']) caller.send({ type, seq: largest + 1 });
  caller.send({ type: 'audio', data: 'AAA=', seq: largest + 1 });
  await caller.heard.find(({ re }) => re === undefined && caller.heard.all.filter(({ code }) => code === 'bad_request').length === 4);
  caller.send({ type: 'audio', data: 'AAA=', seq: 1 });
  await worker.envelopes.first(1);
  assert.deepEqual(worker.framesOf(id).map(({ seq }) => seq), [1]);
});

test('who comes while the bus is away is told so, once', async (context) => {
  const nats = await startNats();
  const apart = { ...ground, nats, connect: (name: string) => connectBus({ url: nats.url, name, log: SILENT }) };
  const rig = await Rig.start(context, apart);
  const sessions = await Promise.all([rig.createSession(), rig.createSession()]);
  const [early = '', late = ''] = sessions.map(({ id }) => id);
  const there = await Caller.call(context, rig, early, { isNative: true });
  await nats.kill();
  await there.isTold('bus_unavailable');
  const comer = await Caller.call(context, rig, late, { isNative: true });
  await comer.isTold('bus_unavailable');
  assert.equal(await comer.answers(), true);
  for (const caller of [there, comer]) assert.equal(caller.heard.all.filter(({ code }) => code === 'bus_unavailable').length, 1);
});

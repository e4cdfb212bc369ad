import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { LATENCY_STAGES, type StageLatencies } from '../shared/protocol/agent-event.ts';
import { BINARY_KIND, readBinaryFrame, writeBinaryFrame } from '../shared/protocol/binary-frame.ts';
import { ENVELOPE_FLAG, ENVELOPE_TYPE } from '../shared/protocol/envelope.ts';
import { laneAt } from '../shared/protocol/lane.ts';
import { assertEnding, Caller } from './caller-fixture.ts';
import { Rig, startGround, type Ground } from './gateway-fixture.ts';
import { ScriptedWorker } from './scripted-worker-fixture.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

const FRAME = { kind: BINARY_KIND.audio, priority: 1, seq: 1, timestampMs: 40, payload: new Uint8Array(640).fill(3) };
const SILENCE = { type: 'audio', data: Buffer.alloc(640).toString('base64') };

const BAD: readonly (readonly [string | Uint8Array | object, string])[] = [
  ['{', 'bad_json'],
  ['[1]', 'bad_json'],
  [{ type: 'sing' }, 'unknown_type'],
  [{ type: 'text' }, 'bad_request'],
  [{ type: 'text', content: 'x'.repeat(4001) }, 'text_too_long'],
  [{ type: 'audio', data: '????' }, 'bad_base64'],
  [{ type: 'audio', data: Buffer.alloc(3).toString('base64') }, 'bad_audio_length'],
  [{ type: 'audio', data: Buffer.alloc(262_146).toString('base64') }, 'audio_too_large'],
  [{ type: 'audio', data: Buffer.alloc(1_000_000).toString('base64') }, 'audio_too_large'],
  [Uint8Array.of(9, 9, 9), 'bad_frame'],
  [writeBinaryFrame({ ...FRAME, payload: new Uint8Array(0) }), 'bad_audio_length'],
  [writeBinaryFrame({ ...FRAME, payload: new Uint8Array(262_146) }), 'audio_too_large'],
];

test('every bad message is answered with its code, and the connection goes on as if nothing had been', async (context) => {
  const [rig] = await Promise.all([Rig.start(context, ground), ScriptedWorker.start(context, ground, 'w-bad')]);
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id);
  for (const [i, [message, code]] of BAD.entries()) {
    caller.send(message);
    caller.send({ type: 'text', content: `still here ${i}` });
    const [told, reply] = (await caller.heard.first(2 * i + 2)).slice(2 * i);
    assert.deepEqual([told?.['type'], told?.['code']], ['error', code], code);
    assert.equal(reply?.['content'], `echo: still here ${i}`, code);
  }
});

test('many bad messages in a row close their own connection with 4002; a good one in between starts the count anew', async (context) => {
  const [rig] = await Promise.all([Rig.start(context, ground, { MAX_INVALID_MESSAGES: '5' }), ScriptedWorker.start(context, ground, 'w-abuse')]);
  const caller = await Caller.call(context, rig, (await rig.createSession()).id);
  for (const message of ['{', '{', '{', '{']) caller.send(message);
  assert.equal(await caller.answers(), true);
  for (const message of ['{', '{', '{', '{']) caller.send(message);
  assert.equal(await caller.answers(), true);
  for (const message of ['{', '{', '{', '{', '{']) caller.send(message);
  assertEnding(await caller.ending, 4002, 'Too many invalid messages in a row');
});

test('one caller’s garbage never closes another’s socket, nor their own', async (context) => {
  const [rig] = await Promise.all([Rig.start(context, ground, { MAX_INVALID_MESSAGES: '1000000' }), ScriptedWorker.start(context, ground, 'w-garbage')]);
  const [quiet, noisy] = await Promise.all([0, 1].map(async () => Caller.call(context, rig, (await rig.createSession()).id)));
  assert.ok(quiet !== undefined && noisy !== undefined);
  const garbage = fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.string({ maxLength: 100 }), fc.json());
  await fc.assert(
    fc.asyncProperty(fc.array(garbage, { minLength: 1, maxLength: 20 }), async (messages) => {
      for (const message of messages) noisy.send(message);
      assert.deepEqual([await noisy.answers(), await quiet.answers()], [true, true]);
    }),
    { numRuns: 50 },
  );
});

test('audio and text are numbered in one row and travel in the lane they ask for, no better than the session’s', async (context) => {
  const [rig, worker] = await Promise.all([Rig.start(context, ground), ScriptedWorker.start(context, ground, 'w-lanes')]);
  const { id } = await rig.createSession({ priority: 1 });
  const caller = await Caller.call(context, rig, id, { isNative: true });
  await caller.hears('ready');
  caller.send({ ...SILENCE, priority: 0, timestamp: 20 });
  caller.send(writeBinaryFrame({ ...FRAME, priority: 2 }));
  caller.send({ type: 'text', content: 'x' });
  caller.send({ type: 'cancel' });
  caller.send({ type: 'played', seq: 7 });
  const envelopes = await worker.envelopes.first(5);
  const { audio, text, cancel, played } = ENVELOPE_TYPE;
  assert.deepEqual(
    envelopes.map(({ type, lane, seq, mediaMs }) => [type, laneAt(lane), seq, mediaMs]),
    [[audio, 'normal', 1, 20], [audio, 'bulk', 2, 40], [text, 'normal', 3, 0], [cancel, 'control', 0, 0], [played, 'control', 7, 0]],
  );
  assert.deepEqual(Buffer.from(envelopes[1]?.payload ?? []), Buffer.from(FRAME.payload));
});

test('agent audio comes as the caller’s does: binary for binary and for those who sent none yet, base64 for base64', async (context) => {
  const [rig, worker] = await Promise.all([Rig.start(context, ground), ScriptedWorker.start(context, ground, 'w-audio')]);
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id, { isNative: true });
  await caller.hears('ready');
  const session = await worker.held(id);
  const sound = Uint8Array.of(1, 2, 3, 4);
  worker.speech(session, sound);
  const frame = readBinaryFrame((await caller.frames.first(1))[0] ?? new Uint8Array(0));
  assert.ok(typeof frame === 'object');
  assert.deepEqual([frame.seq, [...frame.payload]], [1, [1, 2, 3, 4]]);
  caller.send(SILENCE);
  await worker.envelopes.find(({ type, seq }) => type === ENVELOPE_TYPE.audio && seq === 1);
  worker.speech(session, sound);
  assert.deepEqual(await caller.hears('audio'), { type: 'audio', data: 'AQIDBA==', timestamp: 0, seq: 2 });
  caller.send(writeBinaryFrame(FRAME));
  await worker.envelopes.find(({ type, seq }) => type === ENVELOPE_TYPE.audio && seq === 2);
  worker.speech(session, sound);
  assert.equal((await caller.frames.first(2)).length, 2);
});

test('a turn’s latency gets the part only the gateway knows, and the whole is the sum', async (context) => {
  const [rig, worker] = await Promise.all([Rig.start(context, ground), ScriptedWorker.start(context, ground, 'w-turn')]);
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id, { isNative: true });
  await caller.hears('ready');
  const session = await worker.held(id);
  const stages = Object.fromEntries(LATENCY_STAGES.map((stage) => [stage, stage === 'egress' ? 0 : 10])) as StageLatencies;
  worker.speech(session, Uint8Array.of(0, 0), ENVELOPE_FLAG.firstOfTurn);
  worker.event(session, { type: 'turn', turn: 1, stages });
  const turn = await caller.hears('turn');
  const shown = turn['stages_ms'] as StageLatencies;
  assert.ok(shown.egress > 0 && shown.egress < 5000);
  assert.equal(turn['mouth_to_ear_ms'], Math.round(LATENCY_STAGES.reduce((sum, stage) => sum + shown[stage], 0) * 100) / 100);
  const { text } = await rig.ask('GET', '/metrics');
  assert.match(text, /voxfleet_mouth_to_ear_seconds_count\{[^}]*\} 1\n/);
  assert.match(text, /voxfleet_stage_seconds_count\{[^}]*stage="egress"[^}]*\} 1\n/);
});

test('a newer connection of a session replaces the older one with 4001, here and across gateways', async (context) => {
  await ScriptedWorker.start(context, ground, 'w-replace');
  const [one, two] = await Promise.all([Rig.start(context, ground), Rig.start(context, ground)]);
  const { id } = await one.createSession();
  const first = await Caller.call(context, one, id, { isNative: true });
  await first.hears('ready');
  const second = await Caller.call(context, one, id, { isNative: true });
  assert.deepEqual(await first.ending, { code: 4001, reason: 'Replaced by a newer connection' });
  await second.hears('ready');
  const third = await Caller.call(context, two, id, { isNative: true });
  assert.equal((await second.ending).code, 4001);
  await third.hears('ready');
  third.send({ type: 'text', content: 'mine now' });
  assert.equal((await third.hears('text'))['content'], 'echo: mine now');
});

test('a caller who hangs up is gone for the worker, who keeps the session', async (context) => {
  const [rig, worker] = await Promise.all([Rig.start(context, ground), ScriptedWorker.start(context, ground, 'w-gone')]);
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id, { isNative: true });
  await caller.hears('ready');
  caller.socket.close(4000);
  const { type, lane } = await worker.envelopes.find((envelope) => envelope.type === ENVELOPE_TYPE.gone);
  assert.deepEqual([type, laneAt(lane)], [ENVELOPE_TYPE.gone, 'control']);
  assert.equal((await ground.store.load(id))?.owner, 'w-gone');
});

test('a session that is over is closed with 1000 after everything said before', async (context) => {
  const [rig, worker] = await Promise.all([Rig.start(context, ground), ScriptedWorker.start(context, ground, 'w-over')]);
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id);
  const session = await worker.held(id);
  for (let i = 0; i < 50; i++) worker.event(session, { type: 'text', content: `last words ${i}` });
  worker.send(session, ENVELOPE_TYPE.ended, {});
  assert.equal((await caller.ending).code, 1000);
  assert.equal(caller.heard.all.length, 50);
});

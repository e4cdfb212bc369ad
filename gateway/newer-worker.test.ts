import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FLEET_SUBJECT } from '../shared/bus/subjects.ts';
import { LATENCY_STAGES } from '../shared/protocol/agent-event.ts';
import { ENVELOPE_TYPE, FIRST_NUMBERED_EGRESS_TYPE } from '../shared/protocol/envelope.ts';
import { pack } from '../shared/protocol/structured.ts';
import { Caller } from './caller-fixture.ts';
import { Rig, startGround, type Ground } from './gateway-fixture.ts';
import { ScriptedWorker, type HeldSession } from './scripted-worker-fixture.ts';

/** Types that no version has yet: one that is numbered like speech and events, one that is not. */
const NUMBERED_TYPE = FIRST_NUMBERED_EGRESS_TYPE + 7;
const PLAIN_TYPE = 30;

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

/** Something numbered, of whatever type and content. */
function say(worker: ScriptedWorker, session: HeldSession, type: number, body: object): void {
  session.egressSeq += 1;
  session.sent = session.egressSeq;
  worker.send(session, type, { seq: session.egressSeq, payload: pack(body) });
}

test('what a newer worker says is passed on as far as it is known, the rest passed over and counted, and nothing is taken for lost', async (context) => {
  const [rig, worker] = await Promise.all([Rig.start(context, ground), ScriptedWorker.start(context, ground, 'w-newer')]);
  const bus = await ground.connect('newer');
  bus.publish(FLEET_SUBJECT, pack({ workerId: 'w-newest', state: 'resting', mood: 'calm' }));
  const { id } = await rig.createSession();
  const caller = await Caller.resume(context, rig, id, { after: 0 });
  await caller.hears('ready');
  const session = await worker.held(id);

  say(worker, session, ENVELOPE_TYPE.event, { type: 'text', content: 'one', mood: 'calm' });
  say(worker, session, ENVELOPE_TYPE.event, { type: 'mood', value: 'calm' });
  say(worker, session, NUMBERED_TYPE, { video: true });
  worker.send(session, PLAIN_TYPE, { seq: 900 });
  say(worker, session, ENVELOPE_TYPE.event, { type: 'error', code: 'moody', message: 'not now' });
  say(worker, session, ENVELOPE_TYPE.event, { type: 'text', content: 'two' });

  await caller.heard.find(({ content }) => content === 'two');
  assert.deepEqual(caller.said, [[1, 'one'], [5, 'two']]);
  assert.equal((await caller.isTold('moody'))['message'], 'not now');
  assert.deepEqual(caller.heard.all.filter(({ type }) => type === 'mood' || type === undefined), []);
  assert.ok(await caller.answers());
  assert.deepEqual(worker.envelopes.all.filter(({ type }) => type === ENVELOPE_TYPE.again), [], 'no number was taken for a hole');
  const { text } = await rig.ask('GET', '/metrics');
  const counted = (metric: string): number => Number(new RegExp(`^${metric}.* (\\d+)$`, 'm').exec(text)?.[1]);
  assert.equal(counted('voxfleet_gateway_unknown_total\\{what="event"'), 1);
  assert.equal(counted('voxfleet_gateway_unknown_total\\{what="envelope"'), 2);
  assert.equal(counted('voxfleet_gateway_errors_total\\{code="internal"'), 1, 'labels stay a closed set');
});

test('a turn of a worker that knows other stages is measured by those that are there', async (context) => {
  const [rig, worker] = await Promise.all([Rig.start(context, ground), ScriptedWorker.start(context, ground, 'w-stages')]);
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id, { isNative: true });
  await caller.hears('ready');
  say(worker, await worker.held(id), ENVELOPE_TYPE.event, { type: 'turn', turn: 1, stages: { endpointing: 100, first_thought: 50, transcript: 25 } });
  const turn = await caller.hears('turn');
  assert.equal(turn['mouth_to_ear_ms'], 175);
  const stages = turn['stages_ms'] as Record<string, number>;
  assert.ok(LATENCY_STAGES.every((stage) => Number.isFinite(stages[stage])));
  const { text } = await rig.ask('GET', '/metrics');
  assert.match(text, /^voxfleet_mouth_to_ear_seconds_sum\{[^}]*\} 0\.175/m);
});

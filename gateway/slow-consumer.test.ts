import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Caller } from './caller-fixture.ts';
import { Rig, startGround, type Ground } from './gateway-fixture.ts';
import { ScriptedWorker } from './scripted-worker-fixture.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

/** More than any kernel keeps for a socket nobody reads: 25 MB. */
const FRAMES = 400;
const FRAME_BYTES = 64_000;

test('a caller who reads nothing loses agent audio and is told so, hears every word, and harms nobody', async (context) => {
  const [rig, worker] = await Promise.all([Rig.start(context, ground, { MAX_BUFFERED_BYTES: '65536' }), ScriptedWorker.start(context, ground, 'w-slow')]);
  const [slow, other] = await Promise.all([0, 1].map(async () => Caller.call(context, rig, (await rig.createSession()).id, { isNative: true })));
  assert.ok(slow !== undefined && other !== undefined);
  await Promise.all([slow.hears('ready'), other.hears('ready')]);
  const session = await worker.held(String((await slow.hears('ready'))['session_id']));
  slow.socket.pause();
  for (let i = 0; i < FRAMES; i++) {
    worker.speech(session, new Uint8Array(FRAME_BYTES));
    if (i % 100 === 0) worker.event(session, { type: 'transcript', role: 'agent', text: `part ${i}`, final: true, turn: 1 });
    if (i % 20 === 0) assert.equal(await other.answers(), true);
  }
  worker.event(session, { type: 'text', content: 'the end' });
  slow.socket.resume();
  await slow.heard.find(({ content }) => content === 'the end');
  assert.equal((await slow.isTold('slow_consumer'))['type'], 'error');
  assert.deepEqual(slow.heard.all.filter(({ type }) => type === 'transcript').map(({ text }) => text), ['part 0', 'part 100', 'part 200', 'part 300']);
  assert.ok(slow.frames.all.length < FRAMES);
  const { text } = await rig.ask('GET', '/metrics');
  const shed = Number(/voxfleet_gateway_shed_total\{[^}]*reason="slow_consumer"[^}]*\} (\d+)/.exec(text)?.[1]);
  assert.equal(slow.frames.all.length + shed, FRAMES);
  assert.equal(await slow.answers(), true);
});

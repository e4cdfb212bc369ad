import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Caller } from './caller-fixture.ts';
import { Rig, startGround, type Ground } from './gateway-fixture.ts';
import { ScriptedWorker } from './scripted-worker-fixture.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

test('a text message is answered by exactly one message, in order, and a plain client sees nothing else', async (context) => {
  await ScriptedWorker.start(context, ground, 'w1');
  const rig = await Rig.start(context, ground);
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id);
  for (let i = 0; i < 100; i++) caller.send({ type: 'text', content: `n${i}` });
  const heard = await caller.heard.first(100);
  assert.deepEqual(heard.map(({ type, content }) => [type, content]), Array.from({ length: 100 }, (_, i) => ['text', `echo: n${i}`]));
  assert.deepEqual(heard.map(({ seq }) => seq), Array.from({ length: 100 }, (_, i) => i + 1));
  assert.equal(await caller.answers(), true);
  assert.equal(caller.heard.all.length, 101);
});

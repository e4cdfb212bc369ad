import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Caller } from './caller-fixture.ts';
import { codeOf, Rig, startGround, type Ground } from './gateway-fixture.ts';
import { ScriptedWorker } from './scripted-worker-fixture.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

test('a draining gateway takes nothing new, lets its calls go on, and stops when the last one has ended', async (context) => {
  const [rig] = await Promise.all([Rig.start(context, ground, { DRAIN_DEADLINE_MS: '60000' }), ScriptedWorker.start(context, ground, 'w-drain')]);
  const [id, other] = await Promise.all([0, 1].map(async () => (await rig.createSession()).id));
  const caller = await Caller.call(context, rig, id ?? '');
  // The worker's first heartbeat may come after the call was taken.
  while ((await rig.ask('GET', '/health/ready')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
  const stopped = rig.stop();
  const ready = await rig.ask('GET', '/health/ready');
  assert.deepEqual([ready.status, ready.json['reasons']], [503, ['the gateway is draining']]);
  assert.equal((await rig.ask('GET', '/health/live')).status, 200);
  assert.equal((await Caller.refused(rig, other ?? '')).status, 503);
  const asked = await rig.ask('POST', '/sessions', {});
  assert.deepEqual([asked.status, codeOf(asked)], [503, 'draining']);
  caller.send({ type: 'text', content: 'not done yet' });
  assert.equal((await caller.hears('text'))['content'], 'echo: not done yet');
  caller.socket.close(4000);
  await stopped;
  await assert.rejects(rig.ask('GET', '/health/live'));
});

test('who still talks when the deadline is over is closed with 1012', async (context) => {
  const [rig] = await Promise.all([Rig.start(context, ground, { DRAIN_DEADLINE_MS: '100' }), ScriptedWorker.start(context, ground, 'w-deadline')]);
  const caller = await Caller.call(context, rig, (await rig.createSession()).id);
  await rig.stop();
  assert.deepEqual(await caller.ending, { code: 1012, reason: 'Gateway restarting' });
});

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

test('callers who can resume are asked to come back elsewhere, others stay; what became of each is counted', async (context) => {
  const [rig] = await Promise.all([Rig.start(context, ground, { DRAIN_DEADLINE_MS: '60000', GOAWAY_SPREAD_MS: '0' }), ScriptedWorker.start(context, ground, 'w-waves')]);
  const [first, second] = await Promise.all([0, 1].map(async () => (await rig.createSession()).id));
  const [resuming, staying] = await Promise.all([
    Caller.call(context, rig, first ?? '', { isNative: true, query: '?after=0' }),
    Caller.call(context, rig, second ?? '', { isNative: true }),
  ]);
  await Promise.all([resuming.hears('ready'), staying.hears('ready')]);
  const stopped = rig.stop();
  const asked = await resuming.hears('goaway');
  assert.ok(Number(asked['reconnect_after_ms']) >= 0);
  assert.equal(await resuming.answers(), true, 'the old connection serves until the client has gone');
  resuming.socket.close(4000);
  assert.equal(await staying.answers(), true);
  assert.equal(staying.heard.all.some(({ type }) => type === 'goaway'), false);
  const counted = (text: string, step: string): boolean => new RegExp(`voxfleet_gateway_drained_total\\{[^}]*step="${step}"[^}]*\\} 1\\n`).test(text);
  for (;;) {
    const { text } = await rig.ask('GET', '/metrics');
    if (counted(text, 'asked') && counted(text, 'left')) break;
  }
  staying.socket.close(4000);
  await stopped;
});

test('a caller who goes when asked is served elsewhere by the same worker, and the drained gateway is gone', async (context) => {
  const [old, next] = await Promise.all([
    Rig.start(context, ground, { DRAIN_DEADLINE_MS: '60000', GOAWAY_SPREAD_MS: '0' }), Rig.start(context, ground), ScriptedWorker.start(context, ground, 'w-goes'),
  ]);
  const { id } = await old.createSession();
  const before = await Caller.call(context, old, id, { isNative: true, query: '?after=0' });
  const ready = await before.hears('ready');
  const { token } = ready['resume'] as { token: string };
  const stopped = old.stop();
  await before.hears('goaway');
  const after = await Caller.call(context, next, id, { isNative: true, query: `?after=${Number(ready['seq'])}&resume=${token}` });
  await after.hears('ready');
  assert.equal((await before.ending).code, 4001);
  await stopped;
  after.send({ type: 'text', content: 'still there?', seq: 1 });
  assert.equal((await after.hears('text'))['content'], 'echo: still there?');
});

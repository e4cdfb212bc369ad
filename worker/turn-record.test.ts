import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConversationFixture } from './conversation-fixture.ts';
import { TurnRecord } from './turn-record.ts';

const LIMIT = { timeout: 200_000 };

test('while Redis is away one sentence waits for it, not each', LIMIT, async (context) => {
  const fixture = await ConversationFixture.start();
  context.after(() => fixture.stop());
  const record = new TurnRecord(fixture.conversation, (error) => assert.fail(String(error)));
  const say = (index: number): void => record.keep({ kind: 'sentence', turn: 1, index, text: 'One.', atMs: 0 });
  await fixture.server.kill('SIGSTOP');
  say(0);
  await record.settled(100);
  say(1);
  // As long as Redis is away: were it waited for, this would not end.
  await record.settled(1_000_000);
  await fixture.server.kill('SIGCONT');
  while ((await fixture.items()).length < 2) await record.settled(100);
  say(2);
  await record.settled(10_000);
  assert.equal((await fixture.items()).length, 3, 'back, it is waited for again');
});

test('a note makes no write of its own, and comes before what it is stored with', LIMIT, async (context) => {
  const fixture = await ConversationFixture.start();
  context.after(() => fixture.stop());
  const record = new TurnRecord(fixture.conversation, (error) => assert.fail(String(error)));
  record.note({ kind: 'mark', turn: 1, reason: 'played', atMs: 0 });
  await record.settled(10_000);
  assert.deepEqual(await fixture.items(), []);
  await record.commit([{ kind: 'agent', turn: 1, text: 'One.', interrupted: false, atMs: 0 }]);
  assert.deepEqual((await fixture.items()).map(({ kind }) => kind), ['mark', 'agent']);
});

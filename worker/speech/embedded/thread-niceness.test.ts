import assert from 'node:assert/strict';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

test('a thread that yields to audio is nicer than the event loop, which stays as it was', { skip: process.platform === 'linux' ? false : 'niceness belongs to the process here' }, async () => {
  const before = getPriority(0);
  const thread = new Worker(new URL('./thread-niceness-fixture.js', import.meta.url));
  const [niceness] = await once(thread, 'message');
  await thread.terminate();
  assert.equal(niceness, Math.max(before, 5));
  assert.equal(getPriority(0), before);
});

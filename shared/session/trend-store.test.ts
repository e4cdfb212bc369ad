import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../runtime/log.ts';
import { startRedis } from '../testing/servers.ts';
import { connectRedis } from './redis.ts';
import { TrendStore } from './trend-store.ts';

test('the first to write a slot wins, points come back in order, and old ones go', async (context) => {
  const server = await startRedis();
  context.after(() => server.stop());
  const redis = await connectRedis(server.url, createLog({ tier: 'test', id: 'trend', level: 'silent' }));
  context.after(() => redis.disconnect());
  const store = new TrendStore(redis, 3);
  assert.deepEqual(await store.read(), []);
  const offered = await Promise.all(['one', 'other', 'third'].map((writer) => new TrendStore(redis, 3).offer(9, { writer })));
  assert.deepEqual(offered.toSorted(), [false, false, true]);
  for (const slot of [11, 10]) assert.equal(await store.offer(slot, { slot }), true);
  assert.deepEqual((await store.read<{ slot?: number }>()).map(({ slot }) => slot), [undefined, 10, 11]);
  assert.equal(await store.offer(12, { slot: 12 }), true);
  assert.deepEqual(await store.read(), [{ slot: 10 }, { slot: 11 }, { slot: 12 }]);
  assert.ok((await redis.ttl('vox:trend')) > 86_400);
});

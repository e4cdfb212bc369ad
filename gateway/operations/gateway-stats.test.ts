import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionLevels } from './gateway-stats.ts';

test('connections are counted by state, protocol and tag; rare tags together', () => {
  const rare = Array.from({ length: 30 }, (_none, at) => ({ state: 'claiming', tags: [`rare-${at}`] }));
  const levels = connectionLevels([{ state: 'attached', tags: ['vip', 'vip'] }, { state: 'attached', tags: ['vip', 'de'] }, ...rare]);
  assert.deepEqual(levels['connections_by_state'], { attached: 2, claiming: 30 });
  assert.deepEqual(levels['connections_by_protocol'], { native: 32 });
  const tags = levels['connections_by_tag'] ?? {};
  assert.deepEqual([tags['vip'], tags['de'], tags['(other)'], Object.keys(tags).length], [2, 1, 12, 21]);
});

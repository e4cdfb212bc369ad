import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ID_PATTERN } from '../bus/subjects.ts';
import { loadConfig } from './env.ts';
import { processId, SHARED_SETTINGS } from './settings.ts';

test('an empty environment is a usable one', () => {
  const config = loadConfig(SHARED_SETTINGS, {});
  assert.equal(config.natsUrl, 'nats://127.0.0.1:4222');
  assert.equal(config.environment, 'development');
  assert.equal(config.leaseMs, 10_000);
});

test('no two settings share a name, and each says what it means', () => {
  const all = Object.values(SHARED_SETTINGS);
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name, meaning } of all) assert.match(meaning, /\.$/, name);
});

test('the fallback that is shown is the one that is used', () => {
  for (const setting of Object.values(SHARED_SETTINGS)) assert.deepEqual(setting.parse(setting.fallback ?? ''), setting.absent(), setting.name);
});

test('a process without an id gets one of its own that is a single NATS token', () => {
  const table = { id: processId('WORKER_ID', 'worker') };
  const ids = [loadConfig(table, {}).id, loadConfig(table, {}).id];
  assert.notEqual(ids[0], ids[1]);
  for (const id of ids) assert.match(id, ID_PATTERN);
  assert.equal(loadConfig(table, { WORKER_ID: 'worker-7' }).id, 'worker-7');
  for (const id of ['a.b', 'a b', '>', '*', 'x'.repeat(65)]) assert.throws(() => loadConfig(table, { WORKER_ID: id }), /WORKER_ID/, id);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegistry, Gauge, LATENCY_BUCKETS_S } from './metrics.ts';

test('every series says its tier and id, and no gauge is named like a counter', async () => {
  const registry = createRegistry({ tier: 'gateway', id: 'g1' });
  new Gauge({ name: 'vox_test', help: 'A test.', registers: [registry] }).set(1);
  const text = await registry.metrics();
  assert.match(text, /^vox_test\{tier="gateway",id="g1"\} 1$/m);
  assert.match(text, /^process_resident_memory_bytes\{/m);
  assert.doesNotMatch(text, /^# TYPE \S+_total gauge$/m);
});

test('latency buckets grow', () => {
  assert.deepEqual([...LATENCY_BUCKETS_S].sort((a, b) => a - b), LATENCY_BUCKETS_S);
});

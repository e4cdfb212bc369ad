import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessStats } from '../../shared/protocol/process-stats.ts';
import { fleetChanges } from './fleet-changes.ts';

function worker(processId: string, incarnation = `${processId}-1`): ProcessStats {
  const vitals = { rssBytes: 1, peakRssBytes: 1, heapBytes: 1, cpuSeconds: 0, loopDelayP50Ms: 0, loopDelayP99Ms: 0, loopDelayMaxMs: 0, gcCount: 0, gcSeconds: 0 };
  return { processId, incarnation, tier: 'worker', state: 'ready', version: '0', startedAtMs: 0, atMs: 1, no: 1, vitals, counters: {}, gauges: {}, latencies: {} };
}

test('processes that come, are started again and go are told, those that stay are not', () => {
  const changes = fleetChanges([worker('a'), worker('b'), worker('c')], [worker('a'), worker('b', 'b-2'), worker('d')], 5);
  assert.deepEqual(changes.map(({ kind, processId, atMs }) => [kind, processId, atMs]), [['restarted', 'b', 5], ['came', 'd', 5], ['gone', 'c', 5]]);
});

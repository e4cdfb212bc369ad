import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessStats } from '../../shared/protocol/process-stats.ts';
import { LatencyHistogram } from '../../shared/runtime/latency-histogram.ts';
import { FleetStats } from './fleet-stats.ts';

const MINUTE_MS = 60_000;
const STARTED_MS = 1_000_000;

interface Said {
  readonly id?: string;
  readonly start?: number;
  readonly startedAtMs?: number;
  readonly atMs: number;
  readonly messages: number;
  readonly state?: ProcessStats['state'];
}

/** What a process says that counts one message a second, or as many as it is told; it says it with its own clock. */
function stats({ id = 'gateway-1', start = 1, startedAtMs = STARTED_MS, atMs, messages, state = 'ready' }: Said): ProcessStats {
  const histogram = new LatencyHistogram();
  for (let at = 0; at < messages; at += 1) histogram.observe(0.1);
  return {
    processId: id, incarnation: `${id}-${start}`, tier: 'gateway', state, version: '0', startedAtMs, atMs, no: Math.round((atMs - startedAtMs) / 1000),
    vitals: { rssBytes: 1, peakRssBytes: 1, heapBytes: 1, cpuSeconds: 0, loopDelayP50Ms: 0, loopDelayP99Ms: 0, loopDelayMaxMs: 0, gcCount: 0, gcSeconds: 0 },
    counters: { messages_in: { '': messages } }, gauges: { connections: { '': 3 } }, latencies: { mouth_to_ear: { '': histogram.counts() } },
  };
}

/** Hears a process once a second from one second to another; the listener's clock stands apart from the process's. */
function hearFor(fleet: FleetStats, fromS: number, toS: number, said: Partial<Said> = {}): void {
  const startedAtMs = said.startedAtMs ?? STARTED_MS;
  for (let second = fromS; second <= toS; second += 1) {
    fleet.hear(stats({ ...said, atMs: STARTED_MS + second * 1000, messages: second - (startedAtMs - STARTED_MS) / 1000 }), second * 1000);
  }
}

const messages = (totals: { readonly counters: ProcessStats['counters'] }): number => totals.counters['messages_in']?.[''] ?? 0;

test('windows hold what was done in them, whatever the clock of the process says', () => {
  const fleet = new FleetStats();
  hearFor(fleet, 1, 1200);
  for (const [windowMs, slackS] of [[MINUTE_MS, 5], [5 * MINUTE_MS, 30], [15 * MINUTE_MS, 30]] as const) {
    const totals = fleet.window(windowMs, 1_200_000);
    const count = messages(totals);
    assert.ok(count >= windowMs / 1000 && count <= windowMs / 1000 + slackS, `${count} in ${windowMs} ms`);
    assert.equal(totals.coveredMs, windowMs);
    assert.equal(totals.latencies['mouth_to_ear']?.['']?.count, count);
  }
  assert.equal(messages(fleet.sinceStart(1_200_000)), 1200);
  assert.equal(fleet.sinceStart(1_200_000).coveredMs, 1_200_000);
});

test('a listener that came late counts what it heard, and says how much of the window that is', () => {
  const fleet = new FleetStats();
  hearFor(fleet, 1000, 1020);
  const totals = fleet.window(MINUTE_MS, 1_020_000);
  assert.deepEqual([messages(totals), totals.coveredMs], [20, 20_000]);
  assert.equal(messages(fleet.sinceStart(1_020_000)), 1020);
});

test('all of what a process did that started within the window is in it, also what was done before it was first heard', () => {
  const fleet = new FleetStats();
  hearFor(fleet, 7, 30);
  assert.deepEqual([messages(fleet.window(MINUTE_MS, 30_000)), fleet.window(MINUTE_MS, 30_000).coveredMs], [30, 30_000]);
});

test('a process that was started anew is not counted twice: once in who is there, and what both did in the windows', () => {
  const fleet = new FleetStats();
  hearFor(fleet, 1, 40);
  hearFor(fleet, 42, 60, { start: 2, startedAtMs: STARTED_MS + 41_000 });
  assert.equal(messages(fleet.window(5 * MINUTE_MS, 60_000)), 40 + 19);
  assert.deepEqual(fleet.processes(60_000).map(({ incarnation }) => incarnation), ['gateway-1-2']);
  assert.equal(messages(fleet.sinceStart(60_000)), 19);
  fleet.hear(stats({ atMs: STARTED_MS + 61_000, messages: 40 }), 61_000);
  assert.deepEqual(fleet.processes(61_000).map(({ incarnation }) => incarnation), ['gateway-1-2'], 'the later start counts while both are heard');
});

test('processes add up; one that stopped or fell silent is not there any more', () => {
  const fleet = new FleetStats();
  hearFor(fleet, 1, 30);
  hearFor(fleet, 1, 30, { id: 'gateway-2' });
  assert.equal(messages(fleet.sinceStart(30_000)), 60);
  fleet.hear(stats({ id: 'gateway-2', atMs: STARTED_MS + 31_000, messages: 31, state: 'stopped' }), 31_000);
  assert.deepEqual(fleet.processes(31_000).map(({ processId }) => processId), ['gateway-1']);
  assert.equal(messages(fleet.window(MINUTE_MS, 31_000)), 61);
  assert.deepEqual(fleet.processes(36_000), []);
  assert.equal(messages(fleet.window(15 * MINUTE_MS, 36_000)), 61);
  fleet.sweep(31_000 + 16 * MINUTE_MS);
  assert.deepEqual(fleet.window(60 * MINUTE_MS, 31_000 + 16 * MINUTE_MS).counters, {});
});

test('what comes twice or too late changes nothing', () => {
  const fleet = new FleetStats();
  hearFor(fleet, 1, 30);
  fleet.hear(stats({ atMs: STARTED_MS + 20_000, messages: 20 }), 30_500);
  assert.equal(messages(fleet.sinceStart(31_000)), 30);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { samplesFromPcm } from '../shared/audio/pcm.ts';
import { startFleet, type Fleet } from '../shared/testing/fleet.ts';
import { SpokenCall } from './spoken-call.ts';
import { runTextCheck } from './text-check.ts';

const MESSAGES = 200;
/** For what was counted to be said on the bus, once a second, and heard. */
const PATIENCE_MS = 60_000;

interface Latency {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

interface Summary {
  readonly metrics: {
    readonly audio_processing: { readonly queue_backlog: { readonly total: number }; readonly stages_ms: Record<string, Latency>; readonly error_rate: number };
    readonly latency: Record<string, { readonly mouth_to_ear_ms: Latency; readonly stages_ms: Record<string, Latency>; readonly lane_wait_ms: Record<string, Latency> }>;
    readonly throughput: Record<string, { readonly messages_in: number; readonly turns: number; readonly frames: number }>;
    readonly errors: Record<string, { readonly total: number }>;
  };
  readonly trend: { readonly points: readonly unknown[]; readonly projection: { readonly text: string } };
}

interface Health {
  readonly status: string;
  readonly system_stats: { readonly peak_memory_usage: number; readonly memory_usage: number };
  readonly components: {
    readonly websocket_manager: { readonly gateways: number; readonly connections: number; readonly messages: { readonly in: number } };
    readonly audio_pipeline: { readonly workers: { readonly ready: number }; readonly slots: { readonly total: number } };
  };
  readonly processes: readonly { readonly id: string; readonly tier: string }[];
}

let fleet: Fleet;
before(async () => {
  fleet = await startFleet({ gateways: 2, workers: 2, workerEnv: { SLOTS: '50' } });
});
after(() => fleet.stop());

async function from<T>(path: string): Promise<T[]> {
  return Promise.all(fleet.gatewayUrls.slice(-2).map(async (url) => (await (await fetch(`${url}${path}`)).json()) as T));
}

/** Asks both gateways until both know what is expected. */
async function settled<T>(path: string, isSettled: (answer: T) => boolean): Promise<T[]> {
  const deadlineMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const answers = await from<T>(path);
    if (answers.every(isSettled)) return answers;
    assert.ok(Date.now() < deadlineMs, JSON.stringify(answers));
    await sleep(200);
  }
}

test('both gateways tell the same of the whole fleet: messages sent are counted, stages add up to the whole', { timeout: 280_000 }, async () => {
  const result = await runTextCheck({ urls: fleet.gatewayUrls, connections: 10, messages: MESSAGES / 10 });
  assert.equal(result.right, MESSAGES);
  for (const { metrics } of await settled<Summary>('/performance/summary', ({ metrics }) => metrics.throughput['1m']?.messages_in === MESSAGES)) {
    assert.deepEqual(['5m', '15m', 'since_start'].map((window) => metrics.throughput[window]?.messages_in), [MESSAGES, MESSAGES, MESSAGES]);
    assert.equal(metrics.errors['since_start']?.total, 0);
  }

  const speech = samplesFromPcm(new Uint8Array(readFileSync('/usr/share/pocketsphinx/test/data/goforward.raw')));
  const caller = await SpokenCall.place({ gatewayUrl: fleet.gatewayUrls[0] ?? '', agent: { instructions: 'repeat', hints: ['go forward ten meters'] }, speech });
  assert.deepEqual(await caller.finished(PATIENCE_MS), { kind: 'answered' });
  await caller.hangUp();
  const [one, other] = await settled<Summary>('/performance/summary', ({ metrics }) => (metrics.throughput['5m']?.turns ?? 0) >= 1);
  assert.ok(one !== undefined && other !== undefined);
  const { mouth_to_ear_ms: whole, stages_ms: stages } = one.metrics.latency['5m'] ?? assert.fail('no window of 5 minutes');
  const together = Object.values(stages).reduce((sum, { mean }) => sum + mean, 0);
  assert.ok(Math.abs(together - whole.mean) <= 0.01 * whole.mean, `stages ${together} ms of ${whole.mean} ms`);
  assert.ok(whole.mean > 100 && whole.p50 <= whole.p99);
  assert.deepEqual(other.metrics.latency['5m']?.mouth_to_ear_ms, whole);
  assert.deepEqual(one.metrics.audio_processing.stages_ms, stages);
  assert.equal(one.metrics.audio_processing.error_rate, 0);
  assert.ok(one.trend.points.length <= 1, 'a step of the trend, which goes by the clock on the wall, may have ended meanwhile');
  assert.match(one.trend.projection.text, /^not known yet/);
});

test('health is of the whole fleet as it is: a gateway that was killed and replaced is not counted beside its successor', { timeout: 280_000 }, async () => {
  const [health] = await settled<Health>('/health/detailed', ({ processes }) => processes.length === 4);
  assert.ok(health !== undefined);
  const { system_stats, components: { websocket_manager, audio_pipeline } } = health;
  assert.deepEqual([health.status, websocket_manager.gateways, audio_pipeline.workers.ready, audio_pipeline.slots.total], ['healthy', 2, 2, 100]);
  assert.ok(system_stats.peak_memory_usage >= system_stats.memory_usage && system_stats.memory_usage > 10_000_000);
  const before = websocket_manager.messages.in;
  assert.ok(before >= MESSAGES);

  const [first] = fleet.gateways;
  await first?.kill('SIGKILL');
  const again = await fleet.addGateway();
  const [after] = await settled<Health>('/health/detailed', ({ processes }) => processes.length === 4 && processes.every(({ id }) => id !== first?.id));
  assert.deepEqual(after?.processes.map(({ id }) => id), ['gateway-2', again.id, 'worker-1', 'worker-2']);
  assert.ok(after.components.websocket_manager.messages.in < before, 'what the dead one counted since its start is gone with it');
  await fleet.workers[0]?.stop();
  await settled<Health>('/health/detailed', ({ components }) => components.audio_pipeline.workers.ready === 1 && components.audio_pipeline.slots.total === 50);
});

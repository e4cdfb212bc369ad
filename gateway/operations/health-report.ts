import type { ProcessStats } from '../../shared/protocol/process-stats.ts';
import { summed, type FleetStats } from './fleet-stats.ts';
import { mouthToEar, stageSummaries } from './latency-report.ts';
import { countedBy, levelOf, rounded } from './levels.ts';
import { shedByReason } from './performance-report.ts';

/** Slots in use above which the fleet is said to be degraded: new callers may soon wait. */
const NEARLY_FULL = 0.9;
const WINDOW_MS = 60_000;

/** How a part fares: `degraded` still serves, `unhealthy` does not. */
type Status = 'healthy' | 'degraded' | 'unhealthy';

/** What `GET /health/detailed` answers: docs/operations.md says what each field is. `own` is the process that answers. */
export function healthReport(fleet: FleetStats, own: ProcessStats, nowMs: number): object {
  const processes = fleet.processes(nowMs);
  const components = {
    websocket_manager: websocketManager(processes.filter(({ tier }) => tier === 'gateway')),
    audio_pipeline: audioPipeline(fleet, processes.filter(({ tier }) => tier === 'worker'), nowMs),
    nats: nats(own),
    redis: redis(own),
  };
  return {
    status: worst([stateStatus(own), ...Object.values(components).map(({ status }) => status)]),
    gateway_id: own.processId, version: own.version, state: own.state,
    system_stats: systemStats(own),
    components,
    processes: processes.map((process) => ({
      id: process.processId, tier: process.tier, state: process.state, version: process.version, system_stats: systemStats(process),
    })),
  };
}

function systemStats({ vitals, atMs, startedAtMs }: ProcessStats): object {
  const uptimeS = (atMs - startedAtMs) / 1000;
  return {
    memory_usage: vitals.rssBytes, peak_memory_usage: vitals.peakRssBytes, heap_usage: vitals.heapBytes,
    cpu_seconds: rounded(vitals.cpuSeconds), cpu_usage: rounded(vitals.cpuSeconds / Math.max(uptimeS, 1)),
    event_loop_delay_ms: { p50: rounded(vitals.loopDelayP50Ms), p99: rounded(vitals.loopDelayP99Ms), max: rounded(vitals.loopDelayMaxMs) },
    gc: { count: vitals.gcCount, seconds: rounded(vitals.gcSeconds) },
    uptime_s: rounded(uptimeS),
  };
}

function websocketManager(gateways: readonly ProcessStats[]) {
  const gauges = summed(gateways.map((gateway) => gateway.gauges));
  const counters = summed(gateways.map((gateway) => gateway.counters));
  const status: Status = gateways.some(({ state }) => state === 'ready') ? 'healthy' : 'unhealthy';
  return {
    status,
    gateways: gateways.length,
    connections: levelOf(gauges, 'connections'),
    by_gateway: Object.fromEntries(gateways.map((gateway) => [gateway.processId, levelOf(gateway.gauges, 'connections')])),
    by_state: gauges['connections_by_state'] ?? {},
    by_protocol: gauges['connections_by_protocol'] ?? {},
    by_tag: gauges['connections_by_tag'] ?? {},
    messages: { in: levelOf(counters, 'messages_in'), out: levelOf(counters, 'messages_out') },
    bytes: { in: levelOf(counters, 'bytes_in'), out: levelOf(counters, 'bytes_out') },
    rejected: countedBy(counters, 'rejected'),
    slow_consumers: { shed_messages: levelOf(counters, 'gateway_shed', 'slow_consumer'), closed: levelOf(counters, 'closed', 'slow_consumer') },
    kept_bytes: levelOf(gauges, 'replay_bytes'),
  };
}

function audioPipeline(fleet: FleetStats, workers: readonly ProcessStats[], nowMs: number) {
  const ready = summed(workers.filter(({ state }) => state === 'ready').map((worker) => worker.gauges));
  const gauges = summed(workers.map((worker) => worker.gauges));
  const minute = fleet.window(WINDOW_MS, nowMs);
  const [used, total] = [levelOf(ready, 'slots_used'), levelOf(ready, 'slots')];
  return {
    status: pipelineStatus(used, total),
    workers: { total: workers.length, ready: workers.filter(({ state }) => state === 'ready').length },
    slots: { used, total, free: total - used },
    by_worker: Object.fromEntries(workers.map((worker) => [worker.processId, { state: worker.state, slots_used: levelOf(worker.gauges, 'slots_used'), slots: levelOf(worker.gauges, 'slots') }])),
    lane_depth: gauges['lane_depth'] ?? {},
    turns: { computing: levelOf(gauges, 'turns_computing'), waiting: levelOf(gauges, 'turns_waiting') },
    last_minute: { shed: shedByReason(minute.counters), mouth_to_ear_ms: mouthToEar(minute), stages_ms: stageSummaries(minute) },
  };
}

function nats({ gauges, counters }: ProcessStats) {
  const isConnected = levelOf(gauges, 'nats_up') === 1;
  return { status: upStatus(isConnected), connected: isConnected, reconnects: levelOf(counters, 'nats_reconnects') };
}

function redis({ gauges }: ProcessStats) {
  const answers = levelOf(gauges, 'redis_up') === 1;
  return { status: upStatus(answers), connected: answers, round_trip_ms: rounded(levelOf(gauges, 'redis_round_trip_s') * 1000) };
}

function pipelineStatus(used: number, total: number): Status {
  if (total === 0) return 'unhealthy';
  return used >= NEARLY_FULL * total ? 'degraded' : 'healthy';
}

function stateStatus({ state }: ProcessStats): Status {
  return state === 'ready' ? 'healthy' : 'degraded';
}

function upStatus(isUp: boolean): Status {
  return isUp ? 'healthy' : 'unhealthy';
}

function worst(statuses: readonly Status[]): Status {
  return (['unhealthy', 'degraded'] as const).find((status) => statuses.includes(status)) ?? 'healthy';
}

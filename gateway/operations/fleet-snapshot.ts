import type { FleetSnapshot, ProcessView } from '../../shared/protocol/fleet-snapshot.ts';
import type { ProcessStats } from '../../shared/protocol/process-stats.ts';
import { summed, type FleetStats } from './fleet-stats.ts';
import { mouthToEar, stageSummaries, summariesBy } from './latency-report.ts';
import { levelOf, rounded } from './levels.ts';
import { shedByReason } from './performance-report.ts';

const WINDOW_MS = 60_000;

/** Who tells a snapshot, and when: milliseconds since the epoch. */
export interface Teller {
  readonly gatewayId: string;
  readonly atMs: number;
}

/** What is remembered rather than summed up. */
export type Lately = Pick<FleetSnapshot, 'errors' | 'events' | 'history'>;

/** The fleet as it is now and was over the last minute. `nowMs` is of the clock that `fleet` hears with. */
export function fleetSnapshot(fleet: FleetStats, lately: Lately, { gatewayId, atMs }: Teller, nowMs: number): FleetSnapshot {
  const processes = fleet.processes(nowMs);
  const gauges = summed(processes.map((process) => process.gauges));
  const minute = fleet.window(WINDOW_MS, nowMs);
  return {
    at_ms: Math.round(atMs), gateway_id: gatewayId,
    callers: levelOf(gauges, 'connections'),
    processes: processes.map(processView),
    mouth_to_ear_ms: mouthToEar(minute), stages_ms: stageSummaries(minute),
    lane_depth: gauges['lane_depth'] ?? {}, lane_wait_ms: summariesBy(minute, 'lane_wait'),
    takeovers: levelOf(minute.counters, 'takeovers'), resumes: levelOf(minute.counters, 'resumes'),
    shed: Object.values(shedByReason(minute.counters)).reduce((sum, count) => sum + count, 0),
    ...lately,
  };
}

function processView({ processId, tier, incarnation, state, version, atMs, startedAtMs, vitals, gauges }: ProcessStats): ProcessView {
  return {
    id: processId, tier, incarnation, state, version,
    uptime_s: Math.round((atMs - startedAtMs) / 1000), memory_bytes: vitals.rssBytes, loop_delay_p99_ms: rounded(vitals.loopDelayP99Ms),
    callers: levelOf(gauges, 'connections'), slots_used: levelOf(gauges, 'slots_used'), slots: levelOf(gauges, 'slots'),
  };
}

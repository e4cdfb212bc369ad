import type { Readings } from '../../shared/protocol/process-stats.ts';
import type { MetricNames } from '../../shared/runtime/metric-readings.ts';

/** What a gateway says of itself on `vox.stats`, by the metric each reading is read from. */
export const GATEWAY_STATS: MetricNames = {
  counters: {
    messages_in: 'voxfleet_gateway_messages_in_total',
    bytes_in: 'voxfleet_gateway_bytes_in_total',
    messages_out: 'voxfleet_gateway_messages_out_total',
    bytes_out: 'voxfleet_gateway_bytes_out_total',
    errors: 'voxfleet_gateway_errors_total',
    rejected: 'voxfleet_gateway_rejected_total',
    gateway_claims: 'voxfleet_gateway_claims_total',
    takeovers: 'voxfleet_gateway_takeovers_total',
    resumes: 'voxfleet_gateway_resumes_total',
    replayed_frames: 'voxfleet_gateway_replayed_frames_total',
    gateway_stale_fence: 'voxfleet_gateway_stale_fence_total',
    gateway_shed: 'voxfleet_gateway_shed_total',
    closed: 'voxfleet_gateway_closed_total',
    nats_reconnects: 'voxfleet_nats_reconnects_total',
  },
  gauges: {
    connections: 'voxfleet_gateway_connections',
    replay_bytes: 'voxfleet_gateway_replay_bytes',
    known_workers: 'voxfleet_gateway_known_workers',
    nats_up: 'voxfleet_nats_up',
    redis_up: 'voxfleet_redis_up',
    redis_round_trip_s: 'voxfleet_redis_round_trip_seconds',
  },
  latencies: { mouth_to_ear: 'voxfleet_mouth_to_ear_seconds', stage: 'voxfleet_stage_seconds' },
};

/** Tags told by name; callers with others are counted as `(other)`. */
const MOST_TAGS = 20;

/** What connections are counted by. */
export interface ConnectionTraits {
  readonly state: string;
  readonly tags: readonly string[];
}

/** Connections by state, protocol and tag. A tag is what a client wrote, so they are no metrics and only the most common are named. */
export function connectionLevels(connections: readonly ConnectionTraits[]): Readings {
  return {
    connections_by_state: counted(connections.map(({ state }) => state)),
    connections_by_protocol: counted(connections.map(() => 'native')),
    connections_by_tag: mostCommon(counted(connections.flatMap(({ tags }) => [...new Set(tags)]))),
  };
}

function counted(words: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries(counts);
}

function mostCommon(counts: Record<string, number>): Record<string, number> {
  const sorted = Object.entries(counts).sort(([, one], [, other]) => other - one);
  const others = sorted.slice(MOST_TAGS).reduce((sum, [, count]) => sum + count, 0);
  return Object.fromEntries([...sorted.slice(0, MOST_TAGS), ...(others === 0 ? [] : [['(other)', others] as const])]);
}

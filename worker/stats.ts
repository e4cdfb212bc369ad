import type { MetricNames } from '../shared/runtime/metric-readings.ts';

/** What a worker says of itself on `vox.stats`, by the metric each reading is read from. */
export const WORKER_STATS: MetricNames = {
  counters: {
    claims: 'voxfleet_claims_total',
    frames: 'voxfleet_ingress_frames_total',
    worker_shed: 'voxfleet_shed_total',
    worker_stale_fence: 'voxfleet_stale_fence_total',
    leases_lost: 'voxfleet_leases_lost_total',
    handoffs: 'voxfleet_handoffs_total',
    engine_failures: 'voxfleet_engine_failures_total',
    underruns: 'voxfleet_underruns_total',
    records_restored: 'voxfleet_records_restored_total',
    nats_reconnects: 'voxfleet_nats_reconnects_total',
  },
  gauges: {
    slots_used: 'voxfleet_slots_used',
    slots: 'voxfleet_slots',
    lane_depth: 'voxfleet_lane_depth',
    turns_computing: 'voxfleet_turns_computing',
    turns_waiting: 'voxfleet_turns_waiting',
    egress_log_bytes: 'voxfleet_egress_log_bytes',
    nats_up: 'voxfleet_nats_up',
    redis_up: 'voxfleet_redis_up',
    redis_round_trip_s: 'voxfleet_redis_round_trip_seconds',
  },
  latencies: { lane_wait: 'voxfleet_lane_wait_seconds', engine: 'voxfleet_engine_seconds' },
};

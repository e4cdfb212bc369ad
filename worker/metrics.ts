import { Counter, createRegistry, Gauge, Histogram, LATENCY_BUCKETS_S, type Registry } from '../shared/runtime/metrics.ts';
import { GRANTED_LANES, type GrantedLane } from '../shared/protocol/lane.ts';

/** What a worker counts. Labels come from closed sets; no ids. */
export interface WorkerMetrics {
  readonly registry: Registry;
  readonly claims: Counter<'outcome'>;
  readonly frames: Counter<'type'>;
  readonly shed: Counter<'reason'>;
  readonly staleFence: Counter;
  readonly badBatches: Counter<'fault'>;
  readonly egressDropped: Counter;
  readonly leasesLost: Counter;
  readonly handoffs: Counter;
  readonly engineFailures: Counter;
  readonly replayedFrames: Counter;
  readonly repairs: Counter<'direction'>;
  readonly recordsRestored: Counter;
  readonly laneWait: Histogram<'lane'>;
}

/** What gauges are read from at scrape time. */
export interface WorkerGauges {
  readonly slotsUsed: () => number;
  readonly slotsTotal: () => number;
  readonly turnsComputing: () => number;
  readonly turnsWaiting: () => number;
  readonly laneDepth: (lane: GrantedLane | 'replay') => number;
  readonly egressLogBytes: () => number;
}

/** Makes the worker's metrics in a registry of their own. */
export function createWorkerMetrics(workerId: string): WorkerMetrics {
  const registry = createRegistry({ tier: 'worker', id: workerId });
  const registers = [registry];
  return {
    registry,
    claims: new Counter({ name: 'voxfleet_claims_total', help: 'Claims answered, by outcome; many refused as full mean the fleet needs more slots.', labelNames: ['outcome'], registers }),
    frames: new Counter({ name: 'voxfleet_ingress_frames_total', help: 'Ingress envelopes taken in, by type.', labelNames: ['type'], registers }),
    shed: new Counter({ name: 'voxfleet_shed_total', help: 'Ingress dropped on purpose, by reason; any rate above 0 means callers lose words.', labelNames: ['reason'], registers }),
    staleFence: new Counter({ name: 'voxfleet_stale_fence_total', help: 'Ingress refused because it was meant for an earlier owner or slot.', registers }),
    badBatches: new Counter({ name: 'voxfleet_bad_batches_total', help: 'Bus messages that could not be read, by fault; look for version skew.', labelNames: ['fault'], registers }),
    egressDropped: new Counter({ name: 'voxfleet_egress_dropped_total', help: 'Egress batches the bus did not take because it was disconnected.', registers }),
    leasesLost: new Counter({ name: 'voxfleet_leases_lost_total', help: 'Sessions this worker had to let go because another one owns them.', registers }),
    handoffs: new Counter({ name: 'voxfleet_handoffs_total', help: 'Sessions given up in order while draining.', registers }),
    engineFailures: new Counter({ name: 'voxfleet_engine_failures_total', help: 'Engine calls that failed; the log names engine and reason.', registers }),
    replayedFrames: new Counter({ name: 'voxfleet_replayed_ingress_frames_total', help: 'Ingress taken in that was sent again, or came behind such: work done after a fault.', registers }),
    repairs: new Counter({ name: 'voxfleet_bus_repairs_total', help: 'Requests to send again what the bus lost: ingress asked for by this worker, egress asked for by gateways.', labelNames: ['direction'], registers }),
    recordsRestored: new Counter({ name: 'voxfleet_records_restored_total', help: 'Session records found behind what was stored, so written anew: Redis failed over or restarted and forgot.', registers }),
    laneWait: new Histogram({ name: 'voxfleet_lane_wait_seconds', help: 'Time from arrival at the worker until looked at, by lane; replay is what was sent again.', labelNames: ['lane'], buckets: LATENCY_BUCKETS_S, registers }),
  };
}

/** Adds the gauges, which are read when somebody scrapes. */
export function registerWorkerGauges(registry: Registry, gauges: WorkerGauges): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({ name, help, registers: [registry], collect() { this.set(read()); } });
  };
  gauge('voxfleet_slots_used', 'Sessions held now.', gauges.slotsUsed);
  gauge('voxfleet_slots', 'Sessions this worker holds at most.', gauges.slotsTotal);
  gauge('voxfleet_turns_computing', 'Turns being computed now; at MAX_WORKERS others wait.', gauges.turnsComputing);
  gauge('voxfleet_turns_waiting', 'Turns waiting to be computed.', gauges.turnsWaiting);
  gauge('voxfleet_egress_log_bytes', 'What is kept of the agents’ output until callers have it.', gauges.egressLogBytes);
  new Gauge({
    name: 'voxfleet_lane_depth', help: 'Frames and messages waiting to be looked at, by lane; replay is what was sent again.', labelNames: ['lane'], registers: [registry],
    collect() { for (const lane of [...GRANTED_LANES, 'replay'] as const) this.set({ lane }, gauges.laneDepth(lane)); },
  });
}

import type { ClaimRefusal } from '../shared/protocol/claim.ts';
import type { BatchFault } from '../shared/protocol/envelope.ts';
import { GRANTED_LANES } from '../shared/protocol/lane.ts';
import { LatencyMetric } from '../shared/runtime/latency-metric.ts';
import { closedCounter, Counter, createRegistry, Gauge, type Registry } from '../shared/runtime/metrics.ts';
import { FrameCounts } from './frame-counts.ts';
import type { EngineMeter } from './speech/measured.ts';

const LANES_WITH_REPLAY = [...GRANTED_LANES, 'replay'] as const;
/** Written as records: a value that the type has and the record has not is a type error. */
const CLAIM_OUTCOMES = Object.keys({
  claimed: true, full: true, session_not_found: true, session_ended: true, held: true, replaced: true, store_unavailable: true,
} satisfies Record<'claimed' | ClaimRefusal, true>);
const BATCH_FAULTS = Object.keys({ short: true, magic: true, version: true, truncated: true } satisfies Record<BatchFault, true>);
const SHED_REASONS = ['queue_full', 'deadline'] as const;

/** What a worker counts. Labels come from closed sets; no ids. */
export interface WorkerMetrics {
  readonly registry: Registry;
  readonly claims: Counter<'outcome'>;
  readonly frames: FrameCounts;
  readonly shed: Counter<'reason'>;
  readonly staleFence: Counter;
  readonly badBatches: Counter<'fault'>;
  readonly egressDropped: Counter;
  readonly egressForgotten: Counter;
  readonly leasesLost: Counter;
  readonly handoffs: Counter;
  readonly engineFailures: Counter;
  readonly engineErrors: Counter<'need' | 'engine'>;
  readonly engineSeconds: LatencyMetric<'need' | 'engine'>;
  readonly replayedFrames: Counter;
  readonly repairs: Counter<'direction'>;
  readonly recordsRestored: Counter;
  readonly laneWait: LatencyMetric<'lane'>;
  readonly turns: LatencyMetric;
  readonly underruns: Counter;
  readonly unknownItems: Counter;
}

/** What gauges are read from at scrape time. */
export interface WorkerGauges {
  readonly slotsUsed: () => number;
  readonly slotsTotal: () => number;
  readonly turnsComputing: () => number;
  readonly turnsWaiting: () => number;
  readonly laneDepth: (lane: (typeof LANES_WITH_REPLAY)[number]) => number;
  readonly egressLogBytes: () => number;
}

/** Makes the worker's metrics in a registry of their own. */
export function createWorkerMetrics(workerId: string): WorkerMetrics {
  const registry = createRegistry({ tier: 'worker', id: workerId });
  const registers = [registry];
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
  const counterBy = <L extends string>(label: L, values: readonly string[], name: string, help: string): Counter<L> => closedCounter({ name, help, label, values, registry });
  const laneWait = new LatencyMetric({ name: 'voxfleet_lane_wait_seconds', help: 'Time from arrival at the worker until looked at, by lane (replay is what was sent again); a p99 above 0.1 means too many callers for this CPU.', labelNames: ['lane'], registers });
  for (const lane of LANES_WITH_REPLAY) laneWait.zero({ lane });
  return {
    registry,
    laneWait,
    claims: counterBy('outcome', CLAIM_OUTCOMES, 'voxfleet_claims_total', 'Claims answered, by outcome; many refused as full mean the fleet needs more slots.'),
    frames: new FrameCounts(registry),
    shed: counterBy('reason', SHED_REASONS, 'voxfleet_shed_total', 'Ingress dropped on purpose, by reason; any rate above 0 means callers lose words: add workers.'),
    staleFence: counter('voxfleet_stale_fence_total', 'Ingress refused because it was meant for an earlier owner or slot; some after each takeover, a steady rate means two owners.'),
    badBatches: counterBy('fault', BATCH_FAULTS, 'voxfleet_bad_batches_total', 'Bus messages that could not be read, by fault; look for version skew.'),
    egressForgotten: counter('voxfleet_egress_forgotten_total', 'Callers who came back for more than was kept of what the agent said, and were told so; raise REPLAY_MS where it happens.'),
    egressDropped: counter('voxfleet_egress_dropped_total', 'Egress batches the bus did not take because it was disconnected; they are sent again once it is back, look at NATS.'),
    leasesLost: counter('voxfleet_leases_lost_total', 'Sessions this worker had to let go because another one owns them; look for a frozen process or a slow Redis.'),
    handoffs: counter('voxfleet_handoffs_total', 'Sessions given up in order while draining; nothing to do.'),
    engineFailures: counter('voxfleet_engine_failures_total', 'Engine calls that failed; voxfleet_engine_errors_total says which, the log why.'),
    engineErrors: new Counter({ name: 'voxfleet_engine_errors_total', help: 'Engine calls that failed or took longer than ENGINE_DEADLINE_MS, by need and engine; see the log for the reason, then the vendor.', labelNames: ['need', 'engine'], registers }),
    engineSeconds: new LatencyMetric({ name: 'voxfleet_engine_seconds', help: 'Time an engine took: a recognizer to its final transcript, responder and synthesizer to their first piece; compare with the stages of voxfleet_stage_seconds.', labelNames: ['need', 'engine'], registers }),
    replayedFrames: counter('voxfleet_replayed_ingress_frames_total', 'Ingress taken in that was sent again, or came behind such: work done after a fault.'),
    repairs: counterBy('direction', ['ingress', 'egress'], 'voxfleet_bus_repairs_total', 'Requests to send again what the bus lost: ingress asked for by this worker, egress asked for by gateways; look at NATS for slow consumers.'),
    turns: new LatencyMetric({ name: 'voxfleet_worker_mouth_to_ear_seconds', help: 'End of the caller’s speech to first agent audio leaving this worker, voxfleet_mouth_to_ear_seconds less the last stage; compare workers by it.', registers }),
    underruns: counter('voxfleet_underruns_total', 'Pauses of more than 40 ms within a turn of the agent, for want of words or of sound; look at responder and synthesizer in voxfleet_engine_seconds.'),
    unknownItems: counter('voxfleet_unknown_items_total', 'Stored items passed over because a newer worker wrote them; nothing to do while versions are mixed, otherwise look for a worker that was forgotten.'),
    recordsRestored: counter('voxfleet_records_restored_total', 'Session records found behind what was stored, so written anew: Redis failed over or restarted and forgot.'),
  };
}

/** Measures engines in these metrics. */
export function engineMeter({ engineErrors, engineSeconds }: WorkerMetrics): EngineMeter {
  return {
    known: (need, engine) => {
      engineErrors.inc({ need, engine }, 0);
      engineSeconds.zero({ need, engine });
    },
    took: (need, engine, seconds) => engineSeconds.observe({ need, engine }, seconds),
    failed: (need, engine) => engineErrors.inc({ need, engine }),
  };
}

/** Adds the gauges, which are read when somebody scrapes. */
export function registerWorkerGauges(registry: Registry, gauges: WorkerGauges): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({ name, help, registers: [registry], collect() { this.set(read()); } });
  };
  gauge('voxfleet_slots_used', 'Sessions held now; see voxfleet_slots.', gauges.slotsUsed);
  gauge('voxfleet_slots', 'Sessions this worker holds at most (SLOTS); near it, callers wait: add workers.', gauges.slotsTotal);
  gauge('voxfleet_turns_computing', 'Turns being computed now; at MAX_WORKERS others wait.', gauges.turnsComputing);
  gauge('voxfleet_turns_waiting', 'Turns waiting to be computed; above 0 for long, answers are late: add workers or cores.', gauges.turnsWaiting);
  gauge('voxfleet_egress_log_bytes', 'What is kept of the agents’ output until callers have it; grows with callers who are away or slow.', gauges.egressLogBytes);
  new Gauge({
    name: 'voxfleet_lane_depth', help: 'Frames and messages waiting to be looked at, by lane (replay is what was sent again); at QUEUE_SIZE together they are shed.', labelNames: ['lane'], registers: [registry],
    collect() { for (const lane of LANES_WITH_REPLAY) this.set({ lane }, gauges.laneDepth(lane)); },
  });
}

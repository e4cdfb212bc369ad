import { LATENCY_STAGES, type StageLatencies } from '../shared/protocol/agent-event.ts';
import type { ErrorCode } from '../shared/runtime/errors.ts';
import { Counter, Gauge, Histogram, LATENCY_BUCKETS_S, type Registry } from '../shared/runtime/metrics.ts';

/** What a claim came to. */
export type ClaimResult =
  | 'claimed'
  | 'attached'
  | 'full'
  | 'session_not_found'
  | 'session_ended'
  | 'held'
  | 'replaced'
  | 'store_unavailable'
  | 'no_responders'
  | 'timeout'
  | 'disconnected'
  | 'bad_answer'
  | 'outdated';

/**
 * Why something was dropped on purpose: the caller took agent audio too slowly or spoke over it; caller's audio waited longer
 * than it is kept, heard by no worker or heard but committed by none; too many texts waited.
 */
type ShedReason = 'slow_consumer' | 'cleared' | 'no_worker' | 'replay_overflow' | 'too_many_waiting';

/** Why an upgrade was refused or closed at once. */
export type RejectReason =
  | 'too_many_connections' | 'draining' | 'unauthorized' | 'foreign_origin' | 'bad_request' | 'store_unavailable' | 'session_not_found'
  | 'session_ended' | 'resume_refused' | 'internal';

/** Sums up what happens for every message; read only when metrics are collected. */
interface Traffic {
  messages: number;
  bytes: number;
}

/** What is read when metrics are collected. */
export interface GatewayLevels {
  readonly connections: () => number;
  readonly keptBytes: () => number;
  readonly workers: () => number;
}

/** Every metric of the gateway. Label sets are closed; seconds and bytes throughout. */
export class GatewayMetrics {
  readonly errors: Counter<'code'>;
  readonly rejected: Counter<'reason'>;
  readonly claims: Counter<'outcome'>;
  readonly takeovers: Counter<'outcome'>;
  readonly replayed: Counter;
  readonly staleFence: Counter;
  readonly duplicates: Counter;
  readonly askedAgain: Counter;
  readonly badBatches: Counter;
  readonly shed: Counter<'reason'>;
  readonly undelivered: Counter;
  readonly closed: Counter<'reason'>;
  readonly drained: Counter<'step'>;
  readonly mouthToEar: Histogram;
  readonly stages: Histogram<'stage'>;
  readonly #in: Traffic = { messages: 0, bytes: 0 };
  readonly #out: Traffic = { messages: 0, bytes: 0 };

  constructor(registry: Registry, { connections, keptBytes, workers }: GatewayLevels) {
    const registers = [registry];
    const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> => new Counter({ name, help, labelNames, registers });
    this.errors = counter('voxfleet_gateway_errors_total', 'Errors told to callers, by code.', ['code']);
    this.rejected = counter('voxfleet_gateway_rejected_total', 'WebSocket upgrades refused or closed at once, by reason.', ['reason']);
    this.claims = counter('voxfleet_gateway_claims_total', 'Claim requests, by what they came to.', ['outcome']);
    this.takeovers = counter('voxfleet_gateway_takeovers_total', 'Connections whose worker was lost, by what became of them.', ['outcome']);
    this.replayed = counter('voxfleet_gateway_replayed_frames_total', 'Frames sent to a worker a second time.', []);
    this.staleFence = counter('voxfleet_gateway_stale_fence_total', 'Egress dropped because its sender no longer owns the session.', []);
    this.duplicates = counter('voxfleet_gateway_duplicates_total', 'Egress dropped because its caller had it already.', []);
    this.askedAgain = counter('voxfleet_gateway_asked_again_total', 'Requests to workers for egress that the bus lost.', []);
    this.badBatches = counter('voxfleet_gateway_bad_batches_total', 'Bus messages that could not be read to their end.', []);
    this.shed = counter('voxfleet_gateway_shed_total', 'Frames and messages dropped on purpose, by reason.', ['reason']);
    this.undelivered = counter('voxfleet_gateway_undelivered_total', 'Messages for sockets that were closed by then.', []);
    this.closed = counter('voxfleet_gateway_closed_total', 'Connections closed by the gateway, by reason.', ['reason']);
    this.drained = counter('voxfleet_gateway_drained_total', 'Callers of this gateway while it drained: asked to resume elsewhere, left, or cut at the deadline.', ['step']);
    this.mouthToEar = new Histogram({ name: 'voxfleet_mouth_to_ear_seconds', help: 'End of the caller’s speech to first agent audio on the socket.', buckets: LATENCY_BUCKETS_S, registers });
    this.stages = new Histogram({ name: 'voxfleet_stage_seconds', help: 'Parts of mouth-to-ear.', labelNames: ['stage'], buckets: LATENCY_BUCKETS_S, registers });
    gauge(registry, 'voxfleet_gateway_connections', 'Callers connected.', connections);
    gauge(registry, 'voxfleet_gateway_replay_bytes', 'Kept of callers until their worker has committed it, in all replay rings together.', keptBytes);
    gauge(registry, 'voxfleet_gateway_known_workers', 'Workers heard that take sessions.', workers);
    traffic(registry, 'in', 'from callers', this.#in);
    traffic(registry, 'out', 'to callers', this.#out);
  }

  /** One message from a caller. */
  countIn(bytes: number): void {
    this.#in.messages += 1;
    this.#in.bytes += bytes;
  }

  /** One message to a caller. */
  countOut(bytes: number): void {
    this.#out.messages += 1;
    this.#out.bytes += bytes;
  }

  countError(code: ErrorCode): void {
    this.errors.inc({ code });
  }

  countClaim(outcome: ClaimResult): void {
    this.claims.inc({ outcome });
  }

  countShed(reason: ShedReason, messages: number): void {
    this.shed.inc({ reason }, messages);
  }

  countRejected(reason: RejectReason): void {
    this.rejected.inc({ reason });
  }

  /** One turn's latency, in milliseconds. */
  observeTurn(wholeMs: number, stages: StageLatencies): void {
    this.mouthToEar.observe(wholeMs / 1000);
    for (const stage of LATENCY_STAGES) this.stages.observe({ stage }, stages[stage] / 1000);
  }
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  const made: Gauge = new Gauge({ name, help, registers: [registry], collect: () => made.set(read()) });
}

function traffic(registry: Registry, direction: 'in' | 'out', words: string, counted: Traffic): void {
  for (const unit of ['messages', 'bytes'] as const) {
    const made: Counter = new Counter({
      name: `voxfleet_gateway_${unit}_${direction}_total`,
      help: `WebSocket ${unit} ${words}.`,
      registers: [registry],
      collect: () => {
        made.reset();
        made.inc(counted[unit]);
      },
    });
  }
}

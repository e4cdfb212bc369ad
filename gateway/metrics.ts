import { LATENCY_STAGES, type StageLatencies } from '../shared/protocol/agent-event.ts';
import { CLOSE_TABLE, ERROR_TABLE, type ErrorCode } from '../shared/runtime/errors.ts';
import { LatencyMetric } from '../shared/runtime/latency-metric.ts';
import { closedCounter, Counter, Gauge, type Registry } from '../shared/runtime/metrics.ts';
import type { DrainStep } from './drain.ts';

/** What a claim came to. */
const CLAIM_RESULTS = [
  'claimed', 'attached', 'full', 'session_not_found', 'session_ended', 'held', 'replaced', 'store_unavailable', 'no_responders',
  'timeout', 'disconnected', 'bad_answer', 'outdated',
] as const;
export type ClaimResult = (typeof CLAIM_RESULTS)[number];

/** What became of a connection whose worker was lost. */
const TAKEOVER_RESULTS = ['admitted', 'session_not_found', 'session_ended', 'replaced', 'gave_up', 'aborted'] as const;
type TakeoverResult = (typeof TAKEOVER_RESULTS)[number];

/**
 * Why something was dropped on purpose: the caller took agent audio too slowly or spoke over it; caller's audio waited longer
 * than it is kept, heard by no worker or heard but committed by none; too many texts waited.
 */
const SHED_REASONS = ['slow_consumer', 'cleared', 'no_worker', 'replay_overflow', 'too_many_waiting'] as const;
type ShedReason = (typeof SHED_REASONS)[number];

/** Why an upgrade was refused or closed at once. */
const REJECT_REASONS = [
  'too_many_connections', 'draining', 'unauthorized', 'foreign_origin', 'bad_request', 'store_unavailable', 'session_not_found',
  'session_ended', 'resume_refused', 'internal',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** What became of a caller who came back with a resume token. */
const RESUME_RESULTS = ['resumed', 'refused', 'not_found'] as const;
type ResumeResult = (typeof RESUME_RESULTS)[number];

const DRAIN_STEPS = Object.keys({ asked: true, left: true, cut: true } satisfies Record<DrainStep, true>);

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
  readonly httpErrors: Counter<'code'>;
  readonly rejected: Counter<'reason'>;
  readonly claims: Counter<'outcome'>;
  readonly takeovers: Counter<'outcome'>;
  readonly resumes: Counter<'outcome'>;
  readonly replayed: Counter;
  readonly staleFence: Counter;
  readonly duplicates: Counter;
  readonly askedAgain: Counter;
  readonly badBatches: Counter;
  readonly unknown: Counter<'what'>;
  readonly shed: Counter<'reason'>;
  readonly undelivered: Counter;
  readonly closed: Counter<'reason'>;
  readonly drained: Counter<'step'>;
  readonly mouthToEar: LatencyMetric;
  readonly stages: LatencyMetric<'stage'>;
  readonly #in: Traffic = { messages: 0, bytes: 0 };
  readonly #out: Traffic = { messages: 0, bytes: 0 };

  constructor(registry: Registry, { connections, keptBytes, workers }: GatewayLevels) {
    const registers = [registry];
    const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
    const counterBy = <L extends string>(label: L, values: readonly string[], name: string, help: string): Counter<L> => closedCounter({ name, help, label, values, registry });
    this.errors = counterBy('code', Object.keys(ERROR_TABLE), 'voxfleet_gateway_errors_total', 'Errors told to callers, by code; docs/wire.md says what each means, those with an HTTP status of 500 and above are ours.');
    this.httpErrors = counterBy('code', Object.keys(ERROR_TABLE), 'voxfleet_gateway_http_errors_total', 'HTTP requests answered with an error, refused upgrades among them, by code; docs/wire.md says what each means, those with a status of 500 and above are ours.');
    this.rejected = counterBy('reason', REJECT_REASONS, 'voxfleet_gateway_rejected_total', 'WebSocket upgrades refused or closed at once, by reason; too_many_connections: add gateways, unauthorized: look at the callers.');
    this.claims = counterBy('outcome', CLAIM_RESULTS, 'voxfleet_gateway_claims_total', 'Claim requests, by what they came to; many full or no_responders mean that the fleet needs more slots.');
    this.takeovers = counterBy('outcome', TAKEOVER_RESULTS, 'voxfleet_gateway_takeovers_total', 'Connections whose worker was lost, by what became of them; anything but admitted is a lost call, look for crashed workers.');
    this.resumes = counterBy('outcome', RESUME_RESULTS, 'voxfleet_gateway_resumes_total', 'Callers who came back to their call, by what became of it; refused ones came too late or with a foreign token.');
    this.replayed = counter('voxfleet_gateway_replayed_frames_total', 'Frames sent to a worker a second time: work done after a fault.');
    this.staleFence = counter('voxfleet_gateway_stale_fence_total', 'Egress dropped because its sender no longer owns the session; some after each takeover, a steady rate means two owners.');
    this.duplicates = counter('voxfleet_gateway_duplicates_total', 'Egress dropped because its caller had it already; nothing to do.');
    this.askedAgain = counter('voxfleet_gateway_asked_again_total', 'Requests to workers for egress that the bus lost; look at NATS for slow consumers.');
    this.badBatches = counter('voxfleet_gateway_bad_batches_total', 'Bus messages that could not be read to their end; look for version skew.');
    this.unknown = counterBy('what', ['envelope', 'event'], 'voxfleet_gateway_unknown_total', 'What workers said that this gateway does not know, passed over; nothing to do while versions are mixed, otherwise look for a gateway that was forgotten.');
    this.shed = counterBy('reason', SHED_REASONS, 'voxfleet_gateway_shed_total', 'Frames and messages dropped on purpose, by reason; cleared is barge-in, no_worker and replay_overflow are lost words.');
    this.undelivered = counter('voxfleet_gateway_undelivered_total', 'Messages for sockets that were closed by then; nothing to do.');
    this.closed = counterBy('reason', Object.keys(CLOSE_TABLE), 'voxfleet_gateway_closed_total', 'Connections closed by the gateway, by reason; at_capacity: add workers, session_lost: a call was dropped.');
    this.drained = counterBy('step', DRAIN_STEPS, 'voxfleet_gateway_drained_total', 'Callers of this gateway while it drained: asked to resume elsewhere, left, or cut at the deadline; for many cut, raise DRAIN_DEADLINE_MS.');
    this.mouthToEar = new LatencyMetric({ name: 'voxfleet_mouth_to_ear_seconds', help: 'End of the caller’s speech to first agent audio on the socket; voxfleet_stage_seconds says where the time goes.', registers });
    this.stages = new LatencyMetric({ name: 'voxfleet_stage_seconds', help: 'Parts of mouth-to-ear, which add up to it; the largest is the one to work on.', labelNames: ['stage'], registers });
    for (const stage of LATENCY_STAGES) this.stages.zero({ stage });
    gauge(registry, 'voxfleet_gateway_connections', 'Callers connected; near MAX_WEBSOCKET_CONNECTIONS, add gateways.', connections);
    gauge(registry, 'voxfleet_gateway_replay_bytes', 'Kept of callers until their worker has committed it, in all replay rings together; grows while workers or the bus are away.', keptBytes);
    gauge(registry, 'voxfleet_gateway_known_workers', 'Workers heard that take sessions; at 0 every new call waits, look at workers and NATS.', workers);
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

  countTakeover(outcome: TakeoverResult): void {
    this.takeovers.inc({ outcome });
  }

  countResume(outcome: ResumeResult): void {
    this.resumes.inc({ outcome });
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
      help: `WebSocket ${unit} ${words}; by their rate gateways are sized.`,
      registers: [registry],
      collect: () => {
        made.reset();
        made.inc(counted[unit]);
      },
    });
  }
}

import type { StageLatencies } from '../shared/protocol/agent-event.ts';
import { nowMs } from '../shared/runtime/clock.ts';
import { processOf } from '../shared/runtime/incarnation.ts';
import { newSpanId, readTraceparent, sessionIds, type TraceContext, type TracedSession } from '../shared/runtime/tracing-context.ts';
import { openSpan, type OpenSpan, type SpanEnd } from '../shared/runtime/tracing-span.ts';
import type { SpanAttributes, Tracer } from '../shared/runtime/tracing.ts';
import type { Admitted } from './admission.ts';
import type { ClaimCause } from './claim-cause.ts';

/** A turn whose answer's first audio was put on the socket. */
export interface AnsweredTurn {
  readonly session: TracedSession;
  /** `traceparent` of the turn, as its worker told it. */
  readonly traceparent: string;
  readonly turn: number;
  /** All of them, `egress` included. */
  readonly stages: StageLatencies;
  readonly mouthToEarMs: number;
  /** When the audio was put on the socket. */
  readonly atMs: number;
}

/** What each kind of claim is called in a trace. */
const CLAIM_SPANS = { came: 'session.claim', released: 'session.claim', lost: 'session.takeover' } as const satisfies Record<ClaimCause['kind'], string>;

/** How the span of a claim ends. */
export function claimEnd(admitted: Admitted): SpanEnd {
  if (admitted.outcome !== 'admitted') return { attributes: { 'voxfleet.outcome': admitted.outcome } };
  const { workerId, fence } = admitted.reply;
  return { attributes: { 'voxfleet.outcome': admitted.outcome, 'voxfleet.worker_id': processOf(workerId), 'voxfleet.fence': fence } };
}

/** What a gateway tells of sessions and turns in traces; there is none where traces are off. */
export class GatewayTraces {
  readonly #tracer: Tracer;
  readonly #gatewayId: string;

  constructor(tracer: Tracer, gatewayId: string) {
    this.#tracer = tracer;
    this.#gatewayId = gatewayId;
  }

  /** The session with the trace it is asked for in, by a `traceparent` that is one. */
  withParent<S extends TracedSession>(session: S, traceparent: string | undefined): S {
    return traceparent === undefined || readTraceparent(traceparent) === undefined ? session : { ...session, traceparent };
  }

  /** A session was created since `startMs`. */
  created(session: TracedSession, startMs: number): void {
    const context = this.#contextOf(session);
    const parent = readTraceparent(session.traceparent);
    this.#tracer.record({ name: 'session.create', context, parent, kind: 'server', startMs, endMs: nowMs(), attributes: this.#of(session) });
  }

  /** A WebSocket was opened, decided since `startMs`; `traceparent` is the request's. Answers what the rest of the connection is below. */
  upgraded(session: TracedSession, traceparent: string | undefined, startMs: number): TraceContext {
    const own = this.#contextOf(session);
    const asked = readTraceparent(traceparent);
    const parent = asked === undefined ? own : { ...asked, isSampled: this.#tracer.isSampled(asked.traceId, asked) };
    const span = openSpan(this.#tracer, {
      name: 'session.upgrade', parent, kind: 'server', startMs, attributes: this.#of(session), ...(asked === undefined ? {} : { links: [own] }),
    });
    span.end();
    return span.context;
  }

  /** A worker is looked for; `connection` is what `upgraded` answered. */
  claiming(session: TracedSession, cause: ClaimCause, connection: TraceContext | undefined): OpenSpan {
    const lost = cause.kind === 'lost' ? { 'voxfleet.lost_worker_id': processOf(cause.lost.workerId) } : {};
    return openSpan(this.#tracer, {
      name: CLAIM_SPANS[cause.kind], parent: connection ?? this.#contextOf(session), kind: 'client',
      attributes: { ...this.#of(session), 'voxfleet.cause': cause.kind, ...lost },
    });
  }

  /** The gateway's own stages of a turn: their moments follow from the last one, so that they lie side by side as they were measured. */
  answered({ session, traceparent, turn, stages, mouthToEarMs, atMs }: AnsweredTurn): void {
    const parent = readTraceparent(traceparent);
    if (parent === undefined) return;
    const attributes = { ...this.#of(session), 'voxfleet.turn': turn };
    const heardMs = atMs - mouthToEarMs + stages.endpointing;
    this.#stage('gateway', parent, [heardMs, heardMs + stages.gateway], attributes);
    this.#stage('egress', parent, [atMs - stages.egress, atMs], { ...attributes, 'voxfleet.mouth_to_ear_ms': mouthToEarMs });
  }

  #stage(name: 'gateway' | 'egress', parent: TraceContext, [startMs, endMs]: readonly [number, number], attributes: SpanAttributes): void {
    const { traceId, isSampled } = parent;
    this.#tracer.record({ name, context: { traceId, spanId: newSpanId(), isSampled }, parent, startMs, endMs, attributes });
  }

  #contextOf(session: TracedSession): TraceContext {
    const ids = sessionIds(session);
    return { ...ids, isSampled: this.#tracer.isSampled(ids.traceId, readTraceparent(session.traceparent)) };
  }

  #of({ sessionId }: TracedSession): SpanAttributes {
    return { 'voxfleet.session_id': sessionId, 'voxfleet.gateway_id': this.#gatewayId };
  }
}

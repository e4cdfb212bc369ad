import type { StageLatencies } from '../../shared/protocol/agent-event.ts';
import type { SessionConfig } from '../../shared/protocol/agent-config.ts';
import { nowMs } from '../../shared/runtime/clock.ts';
import { readTraceparent, sessionIds, turnIds, type TraceContext } from '../../shared/runtime/tracing-context.ts';
import { openSpan, type OpenSpan } from '../../shared/runtime/tracing-span.ts';
import type { SpanAttributes, Tracer } from '../../shared/runtime/tracing.ts';
import type { ConversationItem } from '../../shared/session/record.ts';
import type { EngineNeed } from '../speech/engines.ts';
import type { TurnEffect } from '../turn/turn-event.ts';
import { TextTrace } from './text-trace.ts';
import { TurnTrace } from './turn-trace.ts';

export interface SessionTraceOptions {
  readonly tracer: Tracer;
  readonly config: SessionConfig;
  /** WORKER_ID. */
  readonly workerId: string;
  readonly fence: number;
  /** `traceparent` of the gateway's claim, where it traces. */
  readonly claim: string | undefined;
  /** What was said before this worker had the session. */
  readonly items: readonly ConversationItem[];
}

/** A turn that is open while so many newer ones came is not looked at any more. */
const KEPT_TURNS = 4;

/** The traces of one session's turns on this worker, made of what its turn reducer decides. */
export class SessionTrace {
  readonly #options: SessionTraceOptions;
  readonly #claim: TraceContext | undefined;
  readonly #session: TraceContext;
  readonly #attributes: SpanAttributes;
  readonly #turns = new Map<number, TurnTrace>();
  /** When this worker got the session. */
  readonly #claimedMs = nowMs();
  #heardTurn = 0;
  /** The turn that is answered. */
  #agentTurn = 0;

  constructor(options: SessionTraceOptions) {
    const { config, workerId, fence, claim } = options;
    this.#options = options;
    this.#claim = readTraceparent(claim);
    this.#session = this.#contextOf(sessionIds(config));
    this.#attributes = { 'voxfleet.session_id': config.sessionId, 'voxfleet.lane': config.lane, 'voxfleet.worker_id': workerId, 'voxfleet.fence': fence };
    this.#claimed();
  }

  /** Hears of everything that is decided, before it is done. */
  onEffect(effect: TurnEffect): void {
    switch (effect.type) {
      case 'start_recognizer':
        this.#endUnanswered(effect.turn);
        this.#heardTurn = effect.turn;
        this.#begin(effect.turn, false);
        return;
      case 'discard_turn':
        return this.#discard(effect.turn);
      case 'commit_caller':
        this.#turns.get(effect.turn)?.certain();
        return effect.turn < this.#heardTurn ? this.#end(effect.turn, 'spoken_on') : undefined;
      case 'call_responder':
      case 'speak':
        this.#agentTurn = effect.turn;
        if (!this.#turns.has(effect.turn)) this.#begin(effect.turn, true);
        return;
      case 'resume_speech':
        this.#agentTurn = effect.turn;
        return this.#begin(effect.turn, true).speaksOn();
      case 'commit_agent':
        return this.#end(effect.turn, effect.interrupted ? 'interrupted' : 'played');
      default:
        // The rest is how it is done.
        return;
    }
  }

  /** The first audio of a turn has left. Answers the turn's `traceparent` for the gateway, where the turn is recorded. */
  answered(turn: number, stages: StageLatencies | undefined): { readonly trace?: string } {
    const known = this.#turns.get(turn);
    if (known === undefined) return {};
    const speechEndMs = known.answered(stages);
    // It was said to an earlier owner of the session.
    if (speechEndMs !== undefined && speechEndMs < this.#claimedMs && this.#options.fence > 1) this.#takenOver(known);
    return known.isSampled ? { trace: known.traceparent } : {};
  }

  /** The recognizer is asked for the turn that is heard, another engine for the one that is answered. */
  call(need: EngineNeed, engine: string): OpenSpan | undefined {
    return this.#turns.get(need === 'recognizer' ? this.#heardTurn : this.#agentTurn)?.call(need, engine);
  }

  /** A text is answered: a trace of its own. */
  text(seq: number): TextTrace {
    const { tracer, config } = this.#options;
    const attributes = { ...this.#attributes, 'voxfleet.text_seq': seq };
    return new TextTrace({ tracer, context: this.#contextOf(turnIds(config, `text-${seq}`)), session: this.#session, attributes });
  }

  #begin(turn: number, isCertain: boolean): TurnTrace {
    for (const older of this.#turns.keys()) if (older <= turn - KEPT_TURNS) this.#turns.delete(older);
    const { tracer, config } = this.#options;
    // What a caller said was stored when it was understood; it is all that is known of when the turn began elsewhere.
    const said = this.#options.items.find((item) => item.kind === 'caller' && item.turn === turn);
    const begun = new TurnTrace({
      tracer, context: this.#contextOf(turnIds(config, turn)), attributes: { ...this.#attributes, 'voxfleet.turn': turn }, links: [this.#session], isCertain,
      startMs: said?.atMs ?? nowMs(),
    });
    this.#turns.set(turn, begun);
    const isBegunElsewhere = this.#options.items.some((item) => item.turn === turn);
    if (isBegunElsewhere) this.#takenOver(begun);
    return begun;
  }

  #takenOver(turn: TurnTrace): void {
    turn.takenOver(this.#claim, this.#claimedMs, { 'voxfleet.worker_id': this.#options.workerId, 'voxfleet.fence': this.#options.fence });
  }

  #end(turn: number, outcome: 'played' | 'interrupted' | 'spoken_on'): void {
    this.#turns.get(turn)?.end(outcome);
    this.#turns.delete(turn);
  }

  #discard(turn: number): void {
    this.#turns.get(turn)?.discard();
    this.#turns.delete(turn);
  }

  /** The caller speaks on before an answer came to what was said before. What is not understood yet ends once it is. */
  #endUnanswered(newTurn: number): void {
    for (const [turn, trace] of this.#turns) if (turn < newTurn && trace.isCertain) this.#end(turn, 'spoken_on');
  }

  #contextOf(ids: Pick<TraceContext, 'traceId' | 'spanId'>): TraceContext {
    const { tracer, config } = this.#options;
    return { ...ids, isSampled: tracer.isSampled(ids.traceId, readTraceparent(config.traceparent)) };
  }

  /** This worker's part of the gateway's claim. */
  #claimed(): void {
    const { tracer } = this.#options;
    if (this.#claim !== undefined) openSpan(tracer, { name: 'session.seat', parent: this.#claim, kind: 'server', attributes: this.#attributes }).end();
  }
}

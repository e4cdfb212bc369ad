import type { ErrorCode } from '../runtime/errors.ts';

/** Named parts of one turn's latency, in milliseconds; together they are the whole. DESIGN: mouth-to-ear. */
export const LATENCY_STAGES = [
  'endpointing',
  'gateway',
  'bus',
  'lane',
  'voice_activity',
  'turn_wait',
  'transcript',
  'first_token',
  'first_speech',
  'egress',
] as const;
export type LatencyStage = (typeof LATENCY_STAGES)[number];

/** Milliseconds per stage. */
export type StageLatencies = Readonly<Record<LatencyStage, number>>;

/** All stages together; one that a newer or older version does not know counts as far as it is there. */
export function wholeMs(stages: Partial<StageLatencies>): number {
  return Object.values(stages).reduce((sum, ms) => sum + (Number.isFinite(ms) ? ms : 0), 0);
}

/** What a worker tells a caller, as msgpack in an `event` envelope; wires turn it into their own messages. */
export type AgentEvent =
  | { readonly type: 'transcript'; readonly role: 'caller' | 'agent'; readonly text: string; readonly final: boolean; readonly turn: number }
  /** The answer to a text; `re` is that text's ingress seq. */
  | { readonly type: 'text'; readonly content: string; readonly re?: number }
  | { readonly type: 'speech_started' }
  | { readonly type: 'speech_stopped' }
  /** The agent's first audio went out; `stages.egress` is filled in by the gateway. */
  | {
      readonly type: 'turn';
      readonly turn: number;
      readonly stages: StageLatencies;
      /** W3C `traceparent` of the turn, where it is traced: the gateway's part of it goes there. */
      readonly trace?: string;
    }
  /** Throw away agent audio not yet played: the caller spoke over it or cancelled. */
  | { readonly type: 'clear' }
  /** `errorId` goes with it to the caller, and stands in this worker's log; a worker one version older gives none. */
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string; readonly errorId?: string; readonly retryAfterMs?: number; readonly re?: number };

/** Body of a `text` envelope. */
export interface TextBody {
  readonly content: string;
  /** With the flag `answered`: what the caller was answered by an owner that may not have stored it. */
  readonly answer?: string;
}

/** Body of an `ended` envelope. */
export interface EndedBody {
  readonly reason: 'agent' | 'deleted';
}

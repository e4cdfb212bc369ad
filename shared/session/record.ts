import type { StageLatencies } from '../protocol/agent-event.ts';
import type { SessionConfig } from '../protocol/agent-config.ts';

/** A session id: given by the client or made by the gateway; fits a URL path (so neither `.` nor `..`) and a Redis hash tag. */
export const SESSION_ID_PATTERN = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,128}$/;

/** Where a session is in its life. */
export type SessionState = 'created' | 'active' | 'ended';

/** A session record as read from Redis. */
export interface SessionRecord {
  readonly config: SessionConfig;
  readonly state: SessionState;
  /** The worker that holds or last held the lease; empty where nobody does. */
  readonly owner: string;
  readonly fence: number;
  readonly leaseUntilMs: number;
  /** Ingress is committed up to here. */
  readonly ingressSeq: number;
  readonly egressSeq: number;
  /** How many connections the session has had; the newest one counts. */
  readonly connectionNo: number;
  readonly expiresAtMs: number;
}

/**
 * What is kept of a conversation, in order. Of an agent's reply: each sentence as it is made, the place in the reply's audio
 * where each begins as it is spoken, that no more sentences come, and at the end what the caller heard.
 */
export type ConversationItem =
  /**
   * `seq`: the ingress seq of a text, or the one up to which a spoken turn's audio goes. Texts are no turns of the call: their
   * items have turn 0, and the answer follows as `agent`.
   */
  | { readonly kind: 'caller'; readonly turn: number; readonly text: string; readonly atMs: number; readonly seq?: number }
  | { readonly kind: 'sentence'; readonly turn: number; readonly index: number; readonly text: string; readonly atMs: number }
  /** Sentence `index` of the turn begins at `startMs` of the turn's audio. */
  | { readonly kind: 'spoken'; readonly turn: number; readonly index: number; readonly startMs: number; readonly atMs: number }
  /** The reply is complete; `hangUp`: the call is over once it is played. */
  | { readonly kind: 'reply'; readonly turn: number; readonly hangUp: boolean; readonly atMs: number }
  /** The agent's turn is over; `text` is what the caller heard of it. */
  | { readonly kind: 'agent'; readonly turn: number; readonly text: string; readonly interrupted: boolean; readonly atMs: number }
  /** How long each part of the turn's way took until its answer began. For operators alone, like marks: nothing is decided by it. */
  | { readonly kind: 'stages'; readonly turn: number; readonly stages: StageLatencies; readonly atMs: number }
  | { readonly kind: 'mark'; readonly turn: number; readonly reason: MarkReason; readonly atMs: number };

/**
 * Why the agent stopped: all was played; all was played and it hung up; the caller spoke over it, cancelled, or did not come back;
 * it had nothing to say; an engine failed. And that another worker went on with the turn.
 */
export type MarkReason = 'played' | 'hung_up' | 'barge_in' | 'cancelled' | 'caller_gone' | 'nothing_said' | 'responder_failed' | 'recognizer_failed' | 'taken_over';

/** Redis key of a session's record. The id is the hash tag, so that a cluster keeps a session in one shard. */
export function recordKey(sessionId: string): string {
  return `vox:{${sessionId}}`;
}

/** Redis key of a session's conversation items. */
export function itemsKey(sessionId: string): string {
  return `vox:{${sessionId}}:items`;
}

import type { Tier } from './process-stats.ts';

/** What a process tells operators as it happens. */
export const NOTICE_KINDS = [
  /** A session has a new owner, after the old one was lost or had to let go. */
  'takeover',
  /** A call is over although nobody ended it. */
  'session_lost',
  /** A worker is not heard any more. */
  'worker_lost',
  /** A caller was told of an error, or refused. */
  'error',
  /** This process takes nothing new and lets its calls go elsewhere; later, that it is done. */
  'drain_began', 'drain_ended',
  /** The bus or the store is away; is there again. */
  'bus_lost', 'bus_back', 'store_lost', 'store_back',
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** Body of a `vox.notices` message, as msgpack. Never what was said: nothing of a conversation is in it but its session's id. */
export interface Notice {
  /** Milliseconds since the epoch by the teller's clock. */
  readonly atMs: number;
  /** GATEWAY_ID or WORKER_ID. */
  readonly processId: string;
  readonly tier: Tier;
  readonly kind: NoticeKind;
  /** Of an error: its code, one of a closed set. */
  readonly code?: string;
  /** Of an error: what its caller was told to quote. */
  readonly errorId?: string;
  readonly sessionId?: string;
  /** A few plain words: who was lost, how many calls went elsewhere. */
  readonly detail?: string;
}

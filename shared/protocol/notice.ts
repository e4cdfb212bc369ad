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
  /** How many notices of this process were left out since the one before, because there were too many. */
  readonly leftOut?: number;
}

/** Longer words of a notice are cut: nothing a process says fills the memory of others. */
const MOST_CHARS = 300;
const KINDS: ReadonlySet<unknown> = new Set(NOTICE_KINDS);
const WORDS = ['code', 'errorId', 'sessionId', 'detail'] as const;

/**
 * Reads the unpacked body of a `vox.notices` message. Undefined for what is no notice, or is of a kind that only another version
 * knows; a field that is not as expected is left out.
 */
export function noticeOf(said: unknown): Notice | undefined {
  if (typeof said !== 'object' || said === null) return undefined;
  const { atMs, processId, tier, kind, leftOut, ...more } = said as Partial<Record<keyof Notice, unknown>>;
  if (typeof atMs !== 'number' || !Number.isFinite(atMs) || typeof processId !== 'string') return undefined;
  if ((tier !== 'gateway' && tier !== 'worker') || !isKind(kind)) return undefined;
  const words = WORDS.flatMap((name) => {
    const word = more[name];
    return typeof word === 'string' ? [[name, word.slice(0, MOST_CHARS)] as const] : [];
  });
  return {
    atMs: Math.round(atMs), processId: processId.slice(0, MOST_CHARS), tier, kind, ...Object.fromEntries(words),
    ...(Number.isSafeInteger(leftOut) && Number(leftOut) > 0 ? { leftOut: Number(leftOut) } : {}),
  };
}

function isKind(kind: unknown): kind is NoticeKind {
  return KINDS.has(kind);
}

import { createHash, randomUUID } from 'node:crypto';

/** A span as others refer to it (W3C Trace Context). */
export interface TraceContext {
  /** 32 small hex digits. */
  readonly traceId: string;
  /** 16 small hex digits. */
  readonly spanId: string;
  /** Whether the trace is recorded. */
  readonly isSampled: boolean;
}

/** What traces need to know of a session: both tiers have it. */
export interface TracedSession {
  readonly sessionId: string;
  readonly createdAtMs: number;
  /** W3C `traceparent` of the request that created the session, where it brought one. */
  readonly traceparent?: string;
}

const TRACE_BYTES = 16;
const SPAN_BYTES = 8;
/** Where the last two groups of a UUID begin. */
const UUID_END = 19;
/** Version 00; later ones may be longer and begin the same way. `ff` is no version, and ids of zeros are none. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;
const MOST_CHARS = 512;
const SAMPLED = 1;

/** Reads a W3C `traceparent`; undefined where it is absent or is none. */
export function readTraceparent(text: string | undefined): TraceContext | undefined {
  if (text === undefined || text.length > MOST_CHARS) return undefined;
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

/** A W3C `traceparent` of version 00. */
export function writeTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** A span id that nobody else has. */
export function newSpanId(): string {
  // Its last two groups are 62 random bits, drawn many at once.
  return randomUUID().slice(UUID_END).replace('-', '');
}

/**
 * The ids of a session's own trace and of the span it begins with. They follow from the session, so that every gateway and
 * worker knows them; a session that was created within somebody's trace belongs to that one.
 */
export function sessionIds(session: TracedSession): { readonly traceId: string; readonly spanId: string } {
  const own = derivedIds(session, 'session');
  return { traceId: readTraceparent(session.traceparent)?.traceId ?? own.traceId, spanId: own.spanId };
}

/**
 * The ids of a turn's trace and of its outermost span: the same for whichever worker has the session, so that a turn goes on
 * in the same trace when its worker is lost. `turn` is the number of a spoken turn, or says of which text.
 */
export function turnIds(session: TracedSession, turn: number | `text-${number}`): { readonly traceId: string; readonly spanId: string } {
  return derivedIds(session, String(turn));
}

/** An id may be used again once a session is forgotten: when it was created is part of it. */
function derivedIds({ sessionId, createdAtMs }: TracedSession, what: string): { readonly traceId: string; readonly spanId: string } {
  const hash = createHash('sha256').update(`${sessionId}/${createdAtMs}/${what}`).digest('hex');
  return { traceId: hash.slice(0, 2 * TRACE_BYTES), spanId: hash.slice(2 * TRACE_BYTES, 2 * (TRACE_BYTES + SPAN_BYTES)) };
}

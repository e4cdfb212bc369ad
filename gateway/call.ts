import type { SlabMemory } from '../shared/bus/slab-memory.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { TraceContext, TracedSession } from '../shared/runtime/tracing-context.ts';
import type { SessionRecord } from '../shared/session/record.ts';
import type { SessionStore } from '../shared/session/store.ts';
import type { GatewayConfig } from './config.ts';
import type { FrameScratch } from './frame-scratch.ts';
import type { Ingress } from './ingress.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { ReplaySlices } from './replay-slices.ts';
import type { Resumable } from './resumption.ts';
import type { Terms, TermsTable } from './terms.ts';
import type { ToldErrors } from './told-errors.ts';
import type { GatewayTraces } from './traces.ts';

/** What every line of a gateway works with. */
export interface LineServices {
  readonly config: GatewayConfig;
  readonly store: SessionStore;
  readonly ingress: Ingress;
  readonly slices: ReplaySlices;
  readonly memory: SlabMemory;
  readonly metrics: GatewayMetrics;
  readonly told: ToldErrors;
  readonly terms: TermsTable;
  readonly scratch: FrameScratch;
  /** Where traces are on. */
  readonly traces?: GatewayTraces | undefined;
  readonly log: Logger;
}

/** Who has come, as the upgrade knows them. */
export interface Arrival {
  readonly record: SessionRecord;
  /** Counts the session's connections: the newest one serves it. */
  readonly connectionNo: number;
  /** Whether the client understands every message: it offered `voxfleet.v1`, or it can resume. */
  readonly isNative: boolean;
  /** Of clients that number their messages and can come back for what they missed. */
  readonly resumable: Resumable | undefined;
  /** Of the upgrade, where traces are on. */
  readonly trace?: TraceContext | undefined;
}

/** What is remembered of an arrival for as long as its connection lasts: most callers are idle, and what each costs is mostly this. */
export interface Call {
  readonly sessionId: string;
  /** The session's tags. */
  readonly tags: readonly string[];
  readonly connectionNo: number;
  readonly terms: Terms;
  /** The session as traces know it, and the upgrade within it, where traces are on. */
  readonly traced: { readonly session: TracedSession; readonly upgrade: TraceContext | undefined } | undefined;
}

const NO_TAGS: readonly string[] = [];

/** What is to be remembered of an arrival; the record it came with can be forgotten. */
export function callOf({ record, connectionNo, isNative, resumable, trace }: Arrival, { terms, traces }: Pick<LineServices, 'terms' | 'traces'>): Call {
  const { tags, createdAtMs, traceparent } = record.config;
  const sessionId = ownText(record.config.sessionId);
  const session = { sessionId, createdAtMs, ...(traceparent === undefined ? {} : { traceparent }) };
  return {
    sessionId, connectionNo,
    tags: tags.length === 0 ? NO_TAGS : tags.map(ownText),
    terms: terms.of(record.config, isNative, resumable !== undefined),
    traced: traces === undefined ? undefined : { session, upgrade: trace },
  };
}

/** The same text in memory of its own: what was cut out of a longer text, as what msgpack reads is, keeps all of that alive. */
function ownText(text: string): string {
  return Buffer.from(text).toString();
}

import type { LifecycleState } from '../runtime/lifecycle.ts';
import type { NoticeKind } from './notice.ts';
import type { Tier } from './process-stats.ts';

/** A latency in milliseconds as operators are told it; null where nothing was measured. */
export interface LatencyView {
  readonly count: number;
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** A process of the fleet, as `/fleet/stream` tells it. */
export interface ProcessView {
  /** GATEWAY_ID or WORKER_ID. */
  readonly id: string;
  readonly tier: Tier;
  /** This start of it: another one, and it was started again. */
  readonly incarnation: string;
  readonly state: LifecycleState;
  readonly version: string;
  readonly uptime_s: number;
  readonly memory_bytes: number;
  /** How late timers were in the last second. */
  readonly loop_delay_p99_ms: number;
  /** Connected to a gateway; 0 for workers. */
  readonly callers: number;
  /** Of a worker; 0 for gateways. */
  readonly slots_used: number;
  readonly slots: number;
}

/** One error as it was told. All times are milliseconds since the epoch by the clock of who tells them. */
export interface ErrorContext {
  readonly at_ms: number;
  readonly process_id: string;
  /** What its caller was told to quote. */
  readonly error_id: string | null;
  readonly session_id: string | null;
  readonly detail: string | null;
}

/** Errors with one code. */
export interface ErrorGroup {
  readonly code: string;
  /** Since the gateway that tells it started. */
  readonly count: number;
  readonly first_at_ms: number;
  readonly last_at_ms: number;
  /** Errors by GATEWAY_ID or WORKER_ID. */
  readonly by_process: Readonly<Record<string, number>>;
  /** The newest first. */
  readonly last: readonly ErrorContext[];
}

/** What happens in a fleet, besides errors: what processes tell, and what is seen of them. */
export type FleetEventKind = Exclude<NoticeKind, 'error'> | 'came' | 'restarted' | 'gone';

/** Something that happened, or several of a kind at about the same time. */
export interface FleetEvent {
  readonly kind: FleetEventKind;
  readonly tier: Tier;
  /** When the first and the last of them happened. */
  readonly at_ms: number;
  readonly last_at_ms: number;
  readonly count: number;
  /** Who told it, or whom it was seen of; the first few. */
  readonly process_ids: readonly string[];
  /** Whose calls; the first few. */
  readonly session_ids: readonly string[];
  /** A few plain words, '' for none. */
  readonly detail: string;
}

/** A few seconds of the fleet, for plots. */
export interface HistoryPoint {
  readonly at_ms: number;
  readonly callers: number;
  readonly turns: number;
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  /** Means by stage of mouth-to-ear, which add up to the mean of the whole; none where there were no turns. */
  readonly stages_ms: Readonly<Record<string, number>>;
}

/** What `GET /fleet/stream` sends once a second: the whole fleet, nothing of what was said. */
export interface FleetSnapshot {
  /** Milliseconds since the epoch, by the clock of the gateway that tells it. */
  readonly at_ms: number;
  /** GATEWAY_ID of who tells it. */
  readonly gateway_id: string;
  readonly callers: number;
  readonly processes: readonly ProcessView[];
  /** Of the last minute, as everything below that counts. */
  readonly mouth_to_ear_ms: LatencyView;
  readonly stages_ms: Readonly<Record<string, LatencyView>>;
  /** Frames and messages waiting now, by lane. */
  readonly lane_depth: Readonly<Record<string, number>>;
  readonly lane_wait_ms: Readonly<Record<string, LatencyView>>;
  readonly takeovers: number;
  readonly resumes: number;
  readonly shed: number;
  /** The code seen last first. */
  readonly errors: readonly ErrorGroup[];
  /** The newest first. */
  readonly events: readonly FleetEvent[];
  /** Oldest first: the last ten minutes in the first snapshot of a stream, the newest few points in the later ones. */
  readonly history: readonly HistoryPoint[];
}

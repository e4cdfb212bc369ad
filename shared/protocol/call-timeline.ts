import type { StageLatencies } from './agent-event.ts';

/** One thing of a call, at its moment: milliseconds since the epoch by its worker's clock. Texts have turn 0. */
export type TimelineEntry =
  | { readonly kind: 'caller'; readonly turn: number; readonly text: string; readonly atMs: number }
  | { readonly kind: 'agent'; readonly turn: number; readonly text: string; readonly interrupted: boolean; readonly atMs: number }
  /** How long each stage of a turn's way took. */
  | { readonly kind: 'stages'; readonly turn: number; readonly stages: StageLatencies; readonly atMs: number }
  /** Why the agent stopped, or what else was decided about a turn. */
  | { readonly kind: 'mark'; readonly turn: number; readonly words: string; readonly atMs: number };

/** What `/fleet/calls/<session_id>` answers: one call as operators may see it. */
export interface CallTimeline {
  readonly session_id: string;
  /** `created`: nobody has called yet. */
  readonly state: 'created' | 'active' | 'ended';
  /** WORKER_ID of the worker that has or last had the call, '' for none. */
  readonly owner: string;
  /** How often the call got an owner. */
  readonly fence: number;
  readonly created_at_ms: number;
  /** Oldest first; the newest 500. */
  readonly entries: readonly TimelineEntry[];
}

import type { SampleRange } from './numbered-samples.ts';

/**
 * What one caller did, heard and saw, in the order of its happening. Times are milliseconds since the run began, on the
 * clock of the process that plays all callers.
 */
export type CallEvent =
  /** An utterance was spoken to its end; `takenSamples` is how much of it the client took. `atMs` is where it ended. */
  | { readonly kind: 'utterance'; readonly atMs: number; readonly fromMs: number; readonly id: number; readonly takenSamples: number; readonly isBargeIn: boolean }
  /** A recording was played to its end. */
  | { readonly kind: 'recording'; readonly atMs: number; readonly fromMs: number; readonly words: string }
  /** The agent's final word on what a turn of the caller was. */
  | { readonly kind: 'transcript'; readonly atMs: number; readonly turn: number; readonly text: string }
  /** The agent's word on what it has understood so far. */
  | { readonly kind: 'partial'; readonly atMs: number }
  /** Agent audio came; it sounds from `fromMs` to `toMs` unless a `clear` comes first. */
  | { readonly kind: 'audio'; readonly atMs: number; readonly fromMs: number; readonly toMs: number; readonly range: SampleRange }
  /** Agent audio that is not numbered: a real voice. */
  | { readonly kind: 'voice'; readonly atMs: number; readonly fromMs: number; readonly toMs: number }
  /** Agent audio that is nobody's: changed on its way or cut inside. */
  | { readonly kind: 'damage'; readonly atMs: number; readonly samples: number }
  /** The agent falls silent: what has not sounded yet never will. */
  | { readonly kind: 'clear'; readonly atMs: number }
  | { readonly kind: 'question'; readonly atMs: number; readonly text: string }
  | { readonly kind: 'answer'; readonly atMs: number; readonly text: string }
  /** The caller's patience with an answer, spoken or written, came to its end. */
  | { readonly kind: 'given_up'; readonly atMs: number; readonly waitedFor: string }
  /** The connection, in the client's words. */
  | { readonly kind: 'state'; readonly atMs: number; readonly name: string; readonly detail: string }
  | { readonly kind: 'error'; readonly atMs: number; readonly code: string }
  | { readonly kind: 'hung_up'; readonly atMs: number }
  /** The client has no connection and will not have one again. */
  | { readonly kind: 'lost'; readonly atMs: number; readonly reason: string };

/** One caller's whole call. */
export interface CallLog {
  /** Number of the caller, from 0. */
  readonly call: number;
  readonly sessionId: string;
  readonly events: readonly CallEvent[];
  /** What is stored of the caller's turns and questions, in order; undefined where the store could not be read. */
  readonly stored: readonly string[] | undefined;
}

/** Events of one kind. */
export type CallEventOf<K extends CallEvent['kind']> = Extract<CallEvent, { kind: K }>;

/** The events of one kind, in order. */
export function eventsOf<K extends CallEvent['kind']>(log: CallLog, kind: K): CallEventOf<K>[] {
  return log.events.filter((event): event is CallEventOf<K> => event.kind === kind);
}

import type { LatencySummary } from '../load/latency-recorder.ts';

/** Where one caller connects to, and the key that its frames are marked with. */
export interface Line {
  /** `ws://host:port/path`. */
  readonly url: string;
  readonly protocols: readonly string[];
  readonly key: number;
}

/** How frames and texts are put into messages: the native wire, which the references speak too, or Socket.IO's. */
export type Dialect = 'native' | 'socket.io';

interface Plan {
  readonly dialect: Dialect;
  readonly lines: readonly Line[];
}

/** Callers who send marked frames at a steady rate, whatever comes back. */
export interface RelayPlan extends Plan {
  readonly kind: 'relay';
  /** Of each caller. */
  readonly framesPerSecond: number;
  /** The priority that each frame asks for, as on the native wire. */
  readonly priority: number;
  /** Whether the first thing to be heard on a line says that it stands: nothing is sent before. */
  readonly awaitsFirst: boolean;
  readonly warmMs: number;
  readonly measureMs: number;
  /** Whether callers tell twice a second what their device played. */
  readonly tellsPlayed: boolean;
}

/** Callers who each ask a number of texts, so many at once, and wait for the answers. */
export interface TextPlan extends Plan {
  readonly kind: 'text';
  /** Of each caller. */
  readonly messages: number;
  readonly inFlight: number;
}

/** Callers who connect and are silent. */
export interface IdlePlan extends Plan {
  readonly kind: 'idle';
  readonly holdMs: number;
}

/** Callers who speak a tone, wait for the first sound of the answer, and speak again. */
export interface TurnPlan extends Plan {
  readonly kind: 'turns';
  /** Of each caller. */
  readonly turns: number;
  /** What is not answered by then counts as unanswered. */
  readonly mostMs: number;
}

export type CallerPlan = RelayPlan | TextPlan | IdlePlan | TurnPlan;

/** What came of a plan. */
export interface CallerResult {
  /** Frames, texts or turns that were to be answered, and those that were. */
  readonly sent: number;
  readonly answered: number;
  /** Answers that came twice or out of order. */
  readonly misplaced: number;
  /** What went wrong, in words: the first of it. */
  readonly faults: readonly string[];
  /** How long answers took. */
  readonly delay: LatencySummary;
  /** How late the callers themselves were in sending what was due; all zero where nothing is due at a time. */
  readonly lateness: LatencySummary;
  readonly measuredMs: number;
}

/** From the bench to its callers. */
export type CallerOrder = { readonly order: 'connect'; readonly plan: CallerPlan } | { readonly order: 'go' };

/** From the callers to the bench, in this order; `failed` in the place of any. */
export type CallerReport =
  | { readonly report: 'connected' }
  | { readonly report: 'measuring' }
  | { readonly report: 'measured' }
  | { readonly report: 'result'; readonly result: CallerResult }
  | { readonly report: 'failed'; readonly reason: string };

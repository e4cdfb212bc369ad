import type { Bar } from './bar.ts';
import type { FleetTarget } from './fleet-target.ts';
import type { Target } from './target.ts';

/** How much of everything: the whole bench, a quick look, or the least that can be called a run. */
export interface Size {
  readonly rounds: number;
  /** How long a canary sings. */
  readonly canaryMs: number;
  /** So often is a noisy round held again before it is taken as it is. */
  readonly repeats: number;
  readonly warmMs: number;
  readonly measureMs: number;
  /** Callers who relay beside the bare chain and the peers. */
  readonly callers: number;
  /** Fewer ones, beside whom the machine has something to spare; the latency is compared with them too. */
  readonly callersWithRoom: readonly number[];
  readonly framesPerSecond: number;
  readonly turnCallers: number;
  readonly turns: number;
  /** Numbers of speaking callers that are tried, rising. */
  readonly talkSteps: readonly number[];
  readonly idleConnections: number;
  readonly urgentCallers: number;
  readonly bulkCallers: number;
  readonly textCallers: number;
  readonly textMessages: number;
  readonly soakSeconds: number;
  readonly natsMs: number;
}

/** What stands while suites run. */
export interface Stage {
  readonly echo: Target;
  readonly chain: Target;
  readonly fleet: FleetTarget;
  readonly size: Size;
  readonly say: (words: string) => void;
}

/** Named series of numbers to be drawn: `x` in the unit that `label` names. */
export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
}

/** What a suite came to. */
export interface SuiteResult {
  readonly name: string;
  readonly bars: readonly Bar[];
  /** Lines beside the bars: what was measured that no bar is about. */
  readonly facts: readonly string[];
  readonly plots: readonly Plot[];
  /** Everything measured, as it was. */
  readonly raw: unknown;
}

/** One question put to the fleet. */
export type Suite = (stage: Stage) => Promise<SuiteResult>;

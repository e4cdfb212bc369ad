import type { Injection } from '../chaos/faults.ts';
import type { HeldCalls } from '../chaos/held-calls.ts';
import type { Verdict } from '../chaos/trial.ts';
import type { Version } from './pod.ts';
import type { RehearsalStage } from './stage.ts';

export interface RolloutOptions {
  /** Whether it is also taken back. */
  readonly isThereAndBack: boolean;
  /** Both tiers at the same time, as one `kubectl apply` does it, or workers first. */
  readonly tiers: 'together' | 'workers first';
}

/** What a scenario is played with. */
export interface ScenarioContext {
  readonly stage: RehearsalStage;
  readonly calls: HeldCalls;
  readonly nowMs: () => number;
  /** What runs, and what comes. */
  readonly versions: { readonly now: Version; readonly next: Version };
  /** Callers who may still come. */
  readonly moreCallers: number;
  readonly rollout: RolloutOptions;
  readonly onProgress: (words: string) => void;
}

/** What a scenario did, and what is promised of it beside what is promised of every call. */
export interface Rehearsed {
  readonly injections: readonly Injection[];
  readonly verdicts: readonly Verdict[];
  /** Calls that lost their gateway and their worker at once, where that was done. */
  readonly lostBoth?: readonly number[];
}

/** Both tiers to this version. */
export async function rollTo({ stage, nowMs, onProgress, rollout }: Pick<ScenarioContext, 'stage' | 'nowMs' | 'onProgress' | 'rollout'>, version: Version): Promise<void> {
  const fromMs = nowMs();
  const { gateway, worker } = stage.sets;
  const workers = worker.roll(version);
  if (rollout.tiers === 'workers first') await workers;
  await Promise.all([workers, gateway.roll(version)]);
  onProgress(`${(fromMs / 1000).toFixed(1)} s both tiers to ${version.name}, done after ${((nowMs() - fromMs) / 1000).toFixed(1)} s`);
}

/** What a Deployment's numbers have to be enough for. */
export function noneKilled({ overdue, departures }: Pick<RehearsalStage, 'overdue' | 'departures'>): Verdict {
  return { promise: 'every pod ended within its grace', measured: overdue.length === 0 ? `${departures.length} pods` : `killed: ${overdue.join(', ')}`, isKept: overdue.length === 0, isTimed: false };
}

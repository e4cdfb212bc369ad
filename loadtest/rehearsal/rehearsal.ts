import { setTimeout as sleep } from 'node:timers/promises';
import { runCalls, SPREAD_MS } from '../chaos/calls-run.ts';
import { judge, type Judgement } from '../chaos/judgement.ts';
import type { Verdict } from '../chaos/trial.ts';
import type { Version } from './pod.ts';
import type { Scenario } from './scenarios.ts';
import type { RehearsalStage } from './stage.ts';

export interface RehearsalOptions {
  readonly callers: number;
  readonly recorded: number;
  /** Calls are held at least so long. */
  readonly seconds: number;
  readonly seed: number;
  readonly versions: { readonly now: Version; readonly next: Version };
  readonly isThereAndBack: boolean;
  readonly onProgress: (words: string) => void;
}

/** Before anything is done: what calls are like without. */
const WARM_UP_MS = 4000;
/** After it: what was begun is to be heard to its end. */
const AFTERMATH_MS = 3000;

/** Holds calls on this stage while a scenario is played. The stage is whole afterwards. Throws where a pod or a call cannot be started. */
export async function rehearse(stage: RehearsalStage, scenario: Scenario, options: RehearsalOptions): Promise<Judgement> {
  const { balancer, owners } = stage;
  const { recorded, seed, seconds, callers, onProgress, versions, isThereAndBack } = options;
  const first = Math.max(1, Math.round(callers * scenario.callersFirst));
  const warmUpMs = SPREAD_MS + WARM_UP_MS;
  let verdicts: readonly Verdict[] = [];
  const record = await runCalls({ balancer, owners, callers: first, recorded, seed, warmUpMs }, async (calls, nowMs) => {
    stage.watch({ callers: calls.callers, nowMs });
    await sleep(Math.max(0, warmUpMs - nowMs()));
    const rehearsed = await scenario.run({ stage, calls, nowMs, versions, isThereAndBack, onProgress, moreCallers: callers - first });
    verdicts = rehearsed.verdicts;
    await sleep(Math.max(AFTERMATH_MS, seconds * 1000 - nowMs()));
    return rehearsed.injections;
  });
  return { ...judge(scenario, record), more: verdicts };
}

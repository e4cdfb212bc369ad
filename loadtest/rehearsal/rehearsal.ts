import { setTimeout as sleep } from 'node:timers/promises';
import { runCalls, SPREAD_MS } from '../chaos/calls-run.ts';
import { judge, type Judgement } from '../chaos/judgement.ts';
import type { Verdict } from '../chaos/trial.ts';
import { accountAgent } from '../chaos/agent-account.ts';
import type { CallLog } from '../chaos/call-log.ts';
import type { Version } from './pod.ts';
import type { Rehearsed, RolloutOptions } from './scenario.ts';
import type { Scenario } from './scenarios.ts';
import type { RehearsalStage } from './stage.ts';

export interface RehearsalOptions {
  readonly callers: number;
  readonly recorded: number;
  /** Calls are held at least so long. */
  readonly seconds: number;
  readonly seed: number;
  readonly versions: { readonly now: Version; readonly next: Version };
  readonly rollout: RolloutOptions;
  readonly onProgress: (words: string) => void;
}

/** Before anything is done: what calls are like without. */
const WARM_UP_MS = 4000;
/** After it: what was begun is to be heard to its end. */
const AFTERMATH_MS = 3000;

/** Holds calls on this stage while a scenario is played. The stage is whole afterwards. Throws where a pod or a call cannot be started. */
export async function rehearse(stage: RehearsalStage, scenario: Scenario, options: RehearsalOptions): Promise<Judgement> {
  const { balancer, owners } = stage;
  const { recorded, seed, seconds, callers, onProgress, versions, rollout } = options;
  const first = Math.max(1, Math.round(callers * scenario.callersFirst));
  const warmUpMs = SPREAD_MS + WARM_UP_MS;
  let done: Rehearsed = { injections: [], verdicts: [] };
  const record = await runCalls({ balancer, owners, callers: first, recorded, seed, warmUpMs }, async (calls, nowMs) => {
    stage.watch({ callers: calls.callers, nowMs });
    await sleep(Math.max(0, warmUpMs - nowMs()));
    done = await scenario.run({ stage, calls, nowMs, versions, rollout, onProgress, moreCallers: callers - first });
    await sleep(Math.max(AFTERMATH_MS, seconds * 1000 - nowMs()));
    return done.injections;
  });
  const { verdicts, lostBoth } = done;
  return { ...judge(scenario, record), more: lostBoth === undefined ? verdicts : [...verdicts, repeatedElsewhere(record.logs, lostBoth)] };
}

/** How far a reply was delivered is known to nobody where a call lost both at once; everywhere else nothing is said again. */
function repeatedElsewhere(logs: readonly CallLog[], lostBoth: readonly number[]): Verdict {
  const elsewhere = logs.filter(({ call }) => !lostBoth.includes(call)).map(accountAgent);
  const repeated = elsewhere.reduce((sum, account) => sum + account.repeated, 0);
  // A sentence that is gone on with after one before it was said again counts as a second voice.
  const doubleVoices = elsewhere.reduce((sum, account) => sum + account.doubleVoices, 0);
  const measured = `${repeated} samples, ${doubleVoices} second voices in ${elsewhere.length} calls; ${lostBoth.length} lost both`;
  return { promise: 'nothing of the agent repeated but where a call lost its gateway and its worker at once', measured, isKept: repeated + doubleVoices === 0, isTimed: false };
}

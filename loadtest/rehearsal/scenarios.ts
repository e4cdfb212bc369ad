import { setTimeout as sleep } from 'node:timers/promises';
import type { Trial } from '../chaos/trial.ts';
import { rehearseCanary } from './canary.ts';
import type { Pod } from './pod.ts';
import { noneKilled, rollTo, type Rehearsed, type ScenarioContext } from './scenario.ts';

export const SCENARIO_NAMES = ['rolling', 'canary', 'node-loss'] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export interface Scenario extends Trial {
  readonly name: ScenarioName;
  /** Of all callers, the part that is there from the beginning. */
  readonly callersFirst: number;
  /** Whether it asks a Prometheus. */
  readonly isWatched: boolean;
  readonly run: (context: ScenarioContext) => Promise<Rehearsed>;
}

/** How long a cluster may take until what was on a lost node is started elsewhere; Kubernetes waits five minutes. */
const REPLACED_AFTER_MS = 4000;

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  rolling: { name: 'rolling', words: 'both tiers are rolled to the next version at once, and back', callersFirst: 1, isWatched: false, run: rollThereAndBack },
  canary: { name: 'canary', words: 'a slow canary is found and taken back, a good one is let go on', callersFirst: 0.5, isWatched: true, run: rehearseCanary },
  'node-loss': { name: 'node-loss', words: 'the node of a gateway and a worker is gone (kill -9 of both at once)', callersFirst: 1, isWatched: false, mayRepeat: true, run: loseNode },
};

async function rollThereAndBack(context: ScenarioContext): Promise<Rehearsed> {
  const { stage, versions, rollout } = context;
  await rollTo(context, versions.next);
  if (rollout.isThereAndBack) await rollTo(context, versions.now);
  return { injections: stage.departures, verdicts: [noneKilled(stage)] };
}

async function loseNode({ stage, nowMs, versions, onProgress }: ScenarioContext): Promise<Rehearsed> {
  const { gateway, worker } = stage.sets;
  const lost = [{ set: gateway, pod: firstOf(gateway.pods) }, { set: worker, pod: firstOf(worker.pods) }];
  const [behind = [], heldBy = []] = await Promise.all(lost.map(({ pod }) => stage.callsOn(pod)));
  const affected = [...new Set([...behind, ...heldBy])];
  const target = lost.map(({ pod }) => pod.id).join(' and ');
  const atMs = nowMs();
  await stage.loseNode(lost);
  await sleep(REPLACED_AFTER_MS);
  await Promise.all(lost.map(async ({ set, pod }) => {
    await stage.forget(pod);
    await set.add(1, versions.now);
  }));
  const injection = { atMs, healedAtMs: nowMs(), target, affected };
  onProgress(`${(atMs / 1000).toFixed(1)} s ${target}, ${affected.length} calls, as many pods as before after ${Math.round(injection.healedAtMs - atMs)} ms`);
  return { injections: [injection], verdicts: [], lostBoth: behind.filter((call) => heldBy.includes(call)) };
}

/** Which one does not matter: callers are spread evenly. */
function firstOf(pods: readonly Pod[]): Pod {
  const [first] = pods;
  if (first === undefined) throw new Error('there is nothing left to lose');
  return first;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Decision } from '../../deploy/rollout/decision.ts';
import { judgeCanary } from '../../deploy/rollout/judgement.ts';
import { prometheusAt } from '../../deploy/rollout/prometheus.ts';
import type { Verdict } from '../chaos/trial.ts';
import type { Tier } from './deployment.ts';
import type { PodSet } from './pod-set.ts';
import type { Version } from './pod.ts';
import { noneKilled, rollTo, type Rehearsed, type ScenarioContext } from './scenario.ts';

/** A final transcript that takes so long makes every turn late by the service level. */
const SLOW_FINAL_MS = '2500';
const ASK_EVERY_MS = 2000;
/** A bad canary is found within this, a good one is watched for it at most. */
const MOST_WATCH_MS = 90_000;
/** A canary's worker takes its share of new calls by lot: callers come until it has so many. */
const LEAST_CALLS = 2;
const WAVE = 2;
const WAVE_SPREAD_MS = 400;

type CanarySets = Readonly<Record<Tier, PodSet>>;

/** A canary that is slow, which has to be found and taken back; then one that is well, which has to be let go on. */
export async function rehearseCanary(context: ScenarioContext): Promise<Rehearsed> {
  const { stage, versions } = context;
  const arrivals = new Arrivals(context);
  const slow = { ...versions.next, name: `${versions.next.name}-slow`, workerEnv: { NUMBERED_FINAL_MS: SLOW_FINAL_MS } };
  const bad = await judged(context, slow, arrivals, Math.ceil(context.moreCallers / 2), ({ verdict }) => verdict === 'rollback');
  const good = await judged(context, versions.next, arrivals, context.moreCallers, ({ verdict }) => verdict !== 'hold');
  if (good.verdict !== 'rollback') await rollTo(context, versions.next);
  return { injections: stage.departures, verdicts: [noneKilled(stage), verdictOn('a slow canary is rolled back', bad, ['rollback']), verdictOn('a good canary is not', good, ['promote', 'hold'])] };
}

/** Starts a canary of this version, lets callers come to it, asks for the verdict until it is final, and takes the canary away again. */
async function judged(context: ScenarioContext, version: Version, arrivals: Arrivals, mostCallers: number, isFinal: (decision: Decision) => boolean): Promise<Decision> {
  const { stage, nowMs, onProgress } = context;
  const fromMs = nowMs();
  const canary = stage.canary();
  await Promise.all(Object.values(canary).map((set) => set.add(1, version)));
  await arrivals.reach(canary, mostCallers);
  const decision = await verdictOnCanary(context, version, fromMs, isFinal);
  onProgress(`${(fromMs / 1000).toFixed(1)} s canary ${version.name}: ${decision.verdict} after ${((nowMs() - fromMs) / 1000).toFixed(1)} s, because ${decision.reasons[0] ?? 'of nothing'}`);
  for (const set of Object.values(canary)) for (const pod of set.pods) set.end(pod);
  await Promise.all(Object.values(canary).map((set) => set.settled()));
  return decision;
}

/** By what `npm run rollout:verdict` decides. */
async function verdictOnCanary({ stage, versions, nowMs }: ScenarioContext, version: Version, fromMs: number, isFinal: (decision: Decision) => boolean): Promise<Decision> {
  if (stage.scraper === undefined) throw new Error('nobody watches');
  const ask = prometheusAt(stage.scraper.url);
  const sides = { canary: `version="${version.name}"`, stable: `version="${versions.now.name}"` };
  for (;;) {
    await sleep(ASK_EVERY_MS);
    const decision = await judgeCanary(ask, sides, `${Math.ceil((nowMs() - fromMs) / 1000)}s`);
    if (isFinal(decision) || nowMs() - fromMs > MOST_WATCH_MS) return decision;
  }
}

/** Callers who come while a canary is there. */
class Arrivals {
  readonly #context: ScenarioContext;
  #come = 0;

  constructor(context: ScenarioContext) {
    this.#context = context;
  }

  /** Lets callers come, `most` in all, until the canary's worker has some and half of who may come are there. */
  async reach({ worker }: CanarySets, most: number): Promise<void> {
    const { stage, calls, moreCallers } = this.#context;
    const enough = Math.min(most, this.#come + Math.ceil(moreCallers / 2));
    for (;;) {
      const held = await Promise.all(worker.pods.map((pod) => stage.callsOn(pod)));
      const isReached = held.flat().length >= LEAST_CALLS;
      // By lot it may be nobody: then some more come than were meant to.
      if (isReached && this.#come >= enough) return;
      if (this.#come > moreCallers * 4 + 20) throw new Error('the canary got no calls');
      this.#come += WAVE;
      await calls.place(WAVE, WAVE_SPREAD_MS);
    }
  }
}

function verdictOn(promise: string, { verdict, reasons }: Decision, wanted: readonly Decision['verdict'][]): Verdict {
  return { promise, measured: `${verdict}: ${reasons[0] ?? ''}`, isKept: wanted.includes(verdict), isTimed: true };
}

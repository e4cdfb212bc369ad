import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../../shared/testing/fleet.ts';
import type { DeploymentPlan } from './deployment.ts';
import { Pod, type Version } from './pod.ts';

/** What is around pods: they are to be told of, as endpoints are. */
export interface PodListener {
  /** It takes callers from now on. */
  onReady(pod: Pod): Promise<void>;
  /** It is about to be ended: preStop has begun. */
  onTerminating(pod: Pod): Promise<void>;
  /** It is gone, in order or not. */
  onGone(pod: Pod): Promise<void>;
}

interface Member {
  readonly pod: Pod;
  readonly readyAtMs: number;
}

/** One Deployment's pods, brought from one version to the next as its controller does it. */
export class PodSet {
  readonly plan: DeploymentPlan;
  readonly #fleet: Fleet;
  readonly #listener: PodListener;
  #members: readonly Member[] = [];
  readonly #endings = new Set<Promise<void>>();

  constructor(plan: DeploymentPlan, fleet: Fleet, listener: PodListener) {
    this.plan = plan;
    this.#fleet = fleet;
    this.#listener = listener;
  }

  /** Pods that take callers and are not being ended. */
  get pods(): readonly Pod[] {
    return this.#members.map(({ pod }) => pod);
  }

  /** Starts so many at once. */
  async add(count: number, version: Version): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#start(version)));
  }

  /**
   * Replaces every pod by one of this version: never more than `maxSurge` beyond `replicas` (those that are ending do not count),
   * never fewer available than `replicas` less `maxUnavailable`. Resolves when the old ones are gone.
   */
  async roll(version: Version): Promise<void> {
    const { replicas, maxSurge, maxUnavailable, minReadyMs } = this.plan;
    const old = (): readonly Member[] => this.#members.filter(({ pod }) => pod.version.name !== version.name);
    const starting = new Set<Promise<void>>();
    let fresh = this.#members.length - old().length;
    while (fresh < replicas || old().length > 0) {
      const room = replicas + maxSurge - this.#members.length - starting.size;
      const wanted = Math.max(0, Math.min(room, replicas - fresh));
      fresh += wanted;
      for (let count = 0; count < wanted; count += 1) track(starting, this.#start(version));
      const available = this.#members.filter(({ pod, readyAtMs }) => pod.version.name !== version.name || performance.now() - readyAtMs >= minReadyMs).length;
      const spare = Math.max(0, available - (replicas - maxUnavailable));
      for (const { pod } of old().slice(0, spare)) this.end(pod);
      await sleep(STEP_MS);
      // One that cannot be started ends the rollout here.
      await Promise.race([sleep(0), ...starting]);
    }
    await Promise.all(starting);
    await this.settled();
  }

  /** Ends one in order; `settled` waits for it. */
  end(pod: Pod): void {
    this.#members = this.#members.filter((member) => member.pod !== pod);
    track(this.#endings, this.#end(pod));
  }

  /** Its node is gone, and nobody is told. */
  async lose(pod: Pod): Promise<void> {
    this.#members = this.#members.filter((member) => member.pod !== pod);
    await pod.kill();
  }

  /** Whatever is ending has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#endings);
  }

  async #start(version: Version): Promise<void> {
    const pod = await Pod.start(this.#fleet, this.plan, version);
    await this.#listener.onReady(pod);
    this.#members = [...this.#members, { pod, readyAtMs: performance.now() }];
  }

  async #end(pod: Pod): Promise<void> {
    const leaving = this.#listener.onTerminating(pod);
    await pod.terminate();
    await leaving;
    await this.#listener.onGone(pod);
  }
}

/** How often the controller looks. */
const STEP_MS = 50;

/** Keeps a promise in a set until it is settled well; a failure stays there for whoever waits for all. */
function track(set: Set<Promise<void>>, promise: Promise<void>): void {
  set.add(promise);
  void promise.then(() => set.delete(promise), () => undefined);
}

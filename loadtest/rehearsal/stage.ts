import { setTimeout as sleep } from 'node:timers/promises';
import { startScraper, type Scraper } from '../../deploy/rollout/scraper-fixture.ts';
import { startFleet, type Fleet } from '../../shared/testing/fleet.ts';
import { Balancer } from '../chaos/balancer.ts';
import type { Caller } from '../chaos/caller.ts';
import type { Injection } from '../chaos/faults.ts';
import { Owners } from '../chaos/owners.ts';
import { numberedWorkers } from '../chaos/stage.ts';
import type { DeploymentPlan, Tier } from './deployment.ts';
import { Haproxy } from './haproxy.ts';
import { PodSet, type PodListener } from './pod-set.ts';
import type { Pod, Version } from './pod.ts';

/** A cluster's word that a pod is ready, or is going, takes about this long to its proxies: what preStop is for. */
const ENDPOINTS_AFTER_MS = 500;

export interface StageOptions {
  readonly plans: Readonly<Record<Tier, DeploymentPlan>>;
  readonly version: Version;
  /** Calls that speak human recordings. */
  readonly recorded: number;
  /** Whether a Prometheus watches. */
  readonly isWatched: boolean;
}

/** Who is talking now. */
interface Audience {
  readonly callers: readonly Caller[];
  readonly nowMs: () => number;
}

/** Both Deployments as real processes behind a real HAProxy, and a diary of which pods went when. */
export class RehearsalStage {
  readonly fleet: Fleet;
  readonly balancer = new Balancer();
  readonly owners: Owners;
  readonly sets: Readonly<Record<Tier, PodSet>>;
  readonly scraper: Scraper | undefined;
  readonly #haproxy: Haproxy;
  readonly #departures = new Map<Pod, Injection>();
  readonly #ended: Pod[] = [];
  readonly #watched = new Set<Pod>();
  #audience: Audience = { callers: [], nowMs: () => 0 };

  /** Use `RehearsalStage.open`. */
  constructor(fleet: Fleet, haproxy: Haproxy, owners: Owners, scraper: Scraper | undefined, plans: StageOptions['plans']) {
    this.fleet = fleet;
    this.owners = owners;
    this.scraper = scraper;
    this.#haproxy = haproxy;
    // Callers' lines lead to HAProxy; which gateway it is from there is HAProxy's business.
    this.balancer.gateways = [haproxy.url];
    const listener = this.#listener();
    this.sets = { gateway: new PodSet(plans.gateway, fleet, listener), worker: new PodSet(plans.worker, fleet, listener) };
  }

  /** Throws where something does not start; nothing is left running then. */
  static async open({ plans, version, recorded, isWatched }: StageOptions): Promise<RehearsalStage> {
    const fleet = await startFleet({ gateways: 0, workers: 0, workerEnv: numberedWorkers(recorded) });
    const stops: (() => Promise<void>)[] = [() => fleet.stop()];
    try {
      const haproxy = await Haproxy.start();
      stops.push(() => haproxy.stop());
      const scraper = isWatched ? await startScraper() : undefined;
      if (scraper !== undefined) stops.push(() => scraper.stop());
      const stage = new RehearsalStage(fleet, haproxy, await Owners.connect(fleet.redisUrl), scraper, plans);
      stops.push(async () => stage.owners.close());
      await Promise.all(Object.values(stage.sets).map((set) => set.add(set.plan.replicas, version)));
      return stage;
    } catch (error) {
      for (const stop of stops.reverse()) await stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.owners.close();
    this.balancer.close();
    await this.scraper?.stop();
    await this.#haproxy.stop();
    await this.fleet.stop();
  }

  /** A canary: Deployments of their own beside the others, with one pod each, behind the same balancer. */
  canary(): Readonly<Record<Tier, PodSet>> {
    const { gateway, worker } = this.sets;
    const listener = this.#listener();
    return { gateway: new PodSet({ ...gateway.plan, replicas: 1 }, this.fleet, listener), worker: new PodSet({ ...worker.plan, replicas: 1 }, this.fleet, listener) };
  }

  /** From here on departures are written down by this clock, with the calls they concern. */
  watch(audience: Audience): void {
    this.#audience = audience;
    this.#departures.clear();
    this.#ended.length = 0;
  }

  /** Every pod that was ended in order since `watch`, with when it began and when it was gone. */
  get departures(): readonly Injection[] {
    return [...this.#departures.values()];
  }

  /** Of these, the ones that had to be killed. */
  get overdue(): readonly string[] {
    return this.#ended.filter(({ end }) => end === 'killed after its grace').map(({ id }) => id);
  }

  /** The calls that have to do with a pod now. */
  async callsOn(pod: Pod): Promise<number[]> {
    const { callers } = this.#audience;
    if (pod.plan.tier === 'worker') {
      const owned = await this.owners.ownedBy(pod.id, callers.map(({ sessionId }) => sessionId));
      return callers.filter(({ sessionId }) => owned.has(sessionId)).map(({ call }) => call);
    }
    const connections = await this.#haproxy.connections();
    return callers.filter(({ line }) => line.farPort !== undefined && connections.get(line.farPort) === pod.id).map(({ call }) => call);
  }

  /** The node of these is gone: all of them at once, and nobody is told. */
  async loseNode(pods: readonly { readonly set: PodSet; readonly pod: Pod }[]): Promise<void> {
    await Promise.all(pods.map(({ set, pod }) => set.lose(pod)));
    for (const { pod } of pods) this.#watched.delete(pod);
    this.#scrape();
  }

  /** The cluster has noticed that a pod is gone. */
  async forget(pod: Pod): Promise<void> {
    if (pod.plan.tier === 'gateway') await this.#haproxy.remove(pod.id);
  }

  #listener(): PodListener {
    return {
      onReady: async (pod) => {
        this.#watched.add(pod);
        this.#scrape();
        if (pod.plan.tier !== 'gateway') return;
        await sleep(ENDPOINTS_AFTER_MS);
        await this.#haproxy.add(pod.id, pod.url);
      },
      onTerminating: async (pod) => {
        const { nowMs } = this.#audience;
        const atMs = nowMs();
        this.#departures.set(pod, { atMs, healedAtMs: undefined, target: `${pod.id} (${pod.version.name})`, affected: await this.callsOn(pod) });
        if (pod.plan.tier !== 'gateway') return;
        await sleep(ENDPOINTS_AFTER_MS);
        await this.#haproxy.drain(pod.id);
      },
      onGone: async (pod) => {
        const departure = this.#departures.get(pod);
        if (departure !== undefined) this.#departures.set(pod, { ...departure, healedAtMs: this.#audience.nowMs() });
        this.#ended.push(pod);
        this.#watched.delete(pod);
        this.#scrape();
        await this.forget(pod);
      },
    };
  }

  #scrape(): void {
    const urls = (tier: Tier): string[] => [...this.#watched].filter((pod) => pod.plan.tier === tier).map(({ url }) => url);
    this.scraper?.watch(urls('gateway'), urls('worker'));
  }
}

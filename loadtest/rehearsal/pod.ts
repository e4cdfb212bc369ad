import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet, FleetGateway, FleetMember, FleetWorker } from '../../shared/testing/fleet.ts';
import type { DeploymentPlan } from './deployment.ts';

/** A build of the product and the name it goes by. */
export interface Version {
  readonly name: string;
  /** Folder of the compiled product; absent: the one this runs from. */
  readonly build?: string | undefined;
  /** Beside its name: what makes a canary a bad one. */
  readonly workerEnv?: Readonly<Record<string, string>>;
}

/** How a pod ended. */
export type PodEnd = 'in order' | 'killed after its grace' | 'killed';

/** A process with a kubelet around it: asked by the Deployment's probes, ended by its preStop, SIGTERM and grace. */
export class Pod {
  readonly version: Version;
  readonly plan: DeploymentPlan;
  readonly id: string;
  /** Where it answers health and metrics. */
  readonly url: string;
  readonly #member: FleetMember;
  #end: PodEnd | undefined;

  /** Use `Pod.start`. */
  constructor(plan: DeploymentPlan, version: Version, member: FleetGateway | FleetWorker) {
    this.plan = plan;
    this.version = version;
    this.id = member.id;
    this.url = 'url' in member ? member.url : member.adminUrl;
    this.#member = member;
  }

  /** Starts one; resolves when its readiness probe has passed, which is at the next beat of that probe. */
  static async start(fleet: Fleet, plan: DeploymentPlan, version: Version): Promise<Pod> {
    const startedMs = performance.now();
    const env = { ...plan.env, VOXFLEET_VERSION: version.name, ...(plan.tier === 'worker' ? version.workerEnv : {}) };
    const member = plan.tier === 'gateway' ? await fleet.addGateway(env, version.build) : await fleet.addWorker(env, version.build);
    const pod = new Pod(plan, version, member);
    await beat(startedMs, plan.startup.periodMs);
    const deadlineMs = plan.startup.periodMs * plan.startup.failureThreshold;
    do {
      await beat(startedMs, plan.readiness.periodMs);
      if (performance.now() - startedMs > deadlineMs) throw new Error(`${pod.id} did not become ready`);
    } while (!(await pod.isReady()));
    return pod;
  }

  /** Undefined while it is there. */
  get end(): PodEnd | undefined {
    return this.#end;
  }

  /** Asks as the readiness probe does. */
  async isReady(): Promise<boolean> {
    const { path, timeoutMs } = this.plan.readiness;
    try {
      const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(timeoutMs) });
      await response.arrayBuffer();
      return response.ok;
    } catch (error) {
      // Not there, or not in time: as good as no.
      if (error instanceof Error) return false;
      throw error;
    }
  }

  /** As a kubelet does it: preStop, SIGTERM, and SIGKILL when the grace is over, which began with the first of them. */
  async terminate(): Promise<PodEnd> {
    const graceOver = sleep(this.plan.graceMs, 'over' as const, { ref: false });
    await Promise.race([sleep(this.plan.preStopMs), graceOver]);
    await this.#member.kill('SIGTERM');
    if ((await Promise.race([this.#member.exited, graceOver])) === 'over') {
      await this.#member.kill('SIGKILL');
      this.#end = 'killed after its grace';
    }
    this.#end ??= 'in order';
    return this.#end;
  }

  /** Its node is gone. */
  async kill(): Promise<void> {
    this.#end = 'killed';
    await this.#member.kill('SIGKILL');
  }
}

/** Waits for the next beat of what comes every `periodMs`. */
async function beat(startedMs: number, periodMs: number): Promise<void> {
  await sleep(periodMs - ((performance.now() - startedMs) % periodMs));
}

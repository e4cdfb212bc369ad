import type { Readings } from './autoscaler.ts';
import type { FleetModel } from './fleet-model.ts';
import type { Pod, Tier } from './pods.ts';

/** What calls cost. */
export interface CpuModel {
  /** Share of its CPU that a worker uses with every slot taken, at load 1: what SLOTS was set for. */
  readonly workerAtFullSlots: number;
  readonly slots: number;
  /** CPU of a gateway for each connection, in cores, at load 1. */
  readonly gatewayPerConnection: number;
  /** CPU that a gateway requests, in cores. */
  readonly gatewayRequest: number;
}

/** What a frame costs a worker: it waits for those before it. */
const FRAME_S = 0.002;
const LONGEST_WAIT_S = 5;
/** The queries by which autoscaling reads lane waits answer this at most: a third more workers at a time, however long the wait. */
export const LONGEST_READING_S = 0.13;

/** What was scraped at one moment: the autoscaler sees it one look later, when pods have come and gone. */
export class MetricSnapshot {
  readonly #values = new Map<string, ReadonlyMap<Pod, number>>();
  readonly #wholes = new Map<string, number>();

  constructor({ gateways, workers }: FleetModel, cpu: CpuModel, load: number, nowS: number) {
    const each = (tier: Tier, value: (pod: Pod) => number): ReadonlyMap<Pod, number> => new Map(tier.pods.filter(({ readyAtS }) => readyAtS <= nowS).map((pod) => [pod, value(pod)]));
    this.#values.set('voxfleet_slots_used', each(workers, ({ places }) => places.length));
    this.#values.set('voxfleet_gateway_connections', each(gateways, ({ places }) => places.length));
    this.#values.set('cpu', each(gateways, ({ places }) => (places.length * cpu.gatewayPerConnection * load * 100) / cpu.gatewayRequest));
    this.#wholes.set('voxfleet_lane_wait_p99_seconds', Math.min(laneWaitS(workers.pods, cpu, load), LONGEST_READING_S));
  }

  /** For the autoscaler of a tier, whose pods are as they are now. Throws where it asks for what is not measured. */
  readings(tier: Tier, nowS: number): Readings {
    const ready = tier.ready(nowS);
    const starting = tier.members.length - ready.length;
    return {
      podsOf: (metric) => {
        const known = this.#values.get(metric);
        if (known === undefined && !this.#wholes.has(metric)) throw unknownMetric(metric);
        const values = ready.flatMap((pod) => known?.get(pod) ?? []);
        return { values, missing: known === undefined ? 0 : ready.length - values.length, starting, ready: ready.length };
      },
      wholeOf: (metric) => {
        const sum = [...(this.#values.get(metric)?.values() ?? [])].reduce((total, value) => total + value, 0);
        const whole = this.#wholes.get(metric) ?? (this.#values.has(metric) ? sum : undefined);
        if (whole === undefined) throw unknownMetric(metric);
        return whole;
      },
    };
  }
}

function unknownMetric(metric: string): Error {
  return new Error(`the policy scales by ${metric}, which the simulator does not know`);
}

/** The 99th percentile of waiting for a busy event loop (a queue with one server), on average over calls; seconds. */
export function laneWaitS(workers: readonly Pod[], { workerAtFullSlots, slots }: CpuModel, load: number): number {
  const calls = workers.reduce((sum, { places }) => sum + places.length, 0);
  const waits = workers.map(({ places }) => {
    const busy = (places.length / slots) * workerAtFullSlots * load;
    const wait = busy >= 1 ? LONGEST_WAIT_S : (Math.log(100) * FRAME_S) / (1 - busy);
    return places.length * Math.min(wait, LONGEST_WAIT_S);
  });
  return calls === 0 ? 0 : waits.reduce((sum, wait) => sum + wait, 0) / calls;
}

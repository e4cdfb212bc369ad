import { averageReplicas, podReplicas, valueReplicas, type PodReadings } from './replica-count.ts';

/** How many pods may be added, or taken away, within a period: so many, or so many of a hundred. */
export interface ScalingPolicy {
  readonly type: 'Pods' | 'Percent';
  readonly value: number;
  readonly periodS: number;
}

/** One direction of `behavior`. */
export interface ScalingRules {
  /** Of the recommendations of this time the one that changes least is followed. */
  readonly stabilizationS: number;
  /** Which policy counts: that of the largest change, of the smallest, or none may change anything. */
  readonly select: 'Max' | 'Min' | 'Disabled';
  readonly policies: readonly ScalingPolicy[];
}

/** A metric and what it should be: for each pod on average, in per cent of what each requests, or as a whole. */
export type MetricTarget =
  | { readonly kind: 'pods'; readonly metric: string; readonly average: number }
  | { readonly kind: 'utilization'; readonly metric: string; readonly percent: number }
  | { readonly kind: 'total'; readonly metric: string; readonly average: number }
  | { readonly kind: 'value'; readonly metric: string; readonly value: number };

/** What a HorizontalPodAutoscaler, or a ScaledObject, asks for. */
export interface AutoscalerPolicy {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly targets: readonly MetricTarget[];
  readonly scaleUp: ScalingRules;
  readonly scaleDown: ScalingRules;
}

/** What is known of the metrics of a target: one reading for each pod, or one of the whole. */
export interface Readings {
  readonly podsOf: (metric: string) => PodReadings;
  readonly wholeOf: (metric: string) => number;
}

interface Stamped {
  readonly atS: number;
  readonly replicas: number;
}

/**
 * The horizontal pod autoscaler as Kubernetes documents it (autoscaling/v2): the largest wish of all metrics, stabilized over the
 * recommendations of a window, then held within the policies' changes per period and the bounds. Time is in seconds and an argument.
 */
export class Autoscaler {
  readonly #policy: AutoscalerPolicy;
  #recommendations: Stamped[] = [];
  #added: Stamped[] = [];
  #removed: Stamped[] = [];

  constructor(policy: AutoscalerPolicy) {
    this.#policy = policy;
  }

  /** How many replicas there should be from now on. */
  next(nowS: number, current: number, readings: Readings): number {
    const { minReplicas, maxReplicas, targets } = this.#policy;
    if (current < minReplicas || current > maxReplicas) return Math.min(Math.max(current, minReplicas), maxReplicas);
    // Where nothing was recommended yet, what is there was: an autoscaler that starts does not tear down a fleet.
    if (this.#recommendations.length === 0) this.#recommendations.push({ atS: nowS, replicas: current });
    const wish = Math.max(...targets.map((target) => wishOf(target, current, readings)));
    const replicas = this.#limited(nowS, current, this.#stabilized(nowS, current, wish));
    if (replicas > current) this.#added.push({ atS: nowS, replicas: replicas - current });
    if (replicas < current) this.#removed.push({ atS: nowS, replicas: current - replicas });
    return replicas;
  }

  #stabilized(nowS: number, current: number, wish: number): number {
    const { scaleUp, scaleDown } = this.#policy;
    const within = (windowS: number): number[] => this.#recommendations.filter(({ atS }) => atS > nowS - windowS).map(({ replicas }) => replicas);
    const least = Math.min(wish, ...within(scaleUp.stabilizationS));
    const most = Math.max(wish, ...within(scaleDown.stabilizationS));
    const keptS = Math.max(scaleUp.stabilizationS, scaleDown.stabilizationS);
    this.#recommendations = [...this.#recommendations.filter(({ atS }) => atS > nowS - keptS), { atS: nowS, replicas: wish }];
    return Math.min(Math.max(current, least), most);
  }

  #limited(nowS: number, current: number, wish: number): number {
    const { minReplicas, maxReplicas, scaleUp, scaleDown } = this.#policy;
    const rules = wish > current ? scaleUp : scaleDown;
    const longestS = Math.max(0, ...[...scaleUp.policies, ...scaleDown.policies].map(({ periodS }) => periodS));
    const recent = ({ atS }: Stamped): boolean => atS > nowS - longestS;
    this.#added = this.#added.filter(recent);
    this.#removed = this.#removed.filter(recent);
    if (wish === current || rules.select === 'Disabled' || rules.policies.length === 0) return current;
    const isUp = wish > current;
    const reaches = rules.policies.map((policy) => reachOf(policy, isUp, this.#startOf(policy, nowS, current)));
    const widest = isUp === (rules.select === 'Max') ? Math.max(...reaches) : Math.min(...reaches);
    const limited = isUp ? Math.min(wish, Math.max(widest, current)) : Math.max(wish, Math.min(widest, current));
    return bounded(limited, minReplicas, maxReplicas);
  }

  /** How many there were when the policy's period began. */
  #startOf({ periodS }: ScalingPolicy, nowS: number, current: number): number {
    const sum = (events: readonly Stamped[]): number => events.reduce((total, { atS, replicas }) => (atS > nowS - periodS ? total + replicas : total), 0);
    return current - sum(this.#added) + sum(this.#removed);
  }
}

function reachOf({ type, value }: ScalingPolicy, isUp: boolean, start: number): number {
  if (type === 'Pods') return isUp ? start + value : start - value;
  return isUp ? Math.ceil(start * (1 + value / 100)) : Math.trunc(start * (1 - value / 100));
}

function wishOf(target: MetricTarget, current: number, { podsOf, wholeOf }: Readings): number {
  switch (target.kind) {
    case 'pods': return podReplicas(podsOf(target.metric), target.average, current);
    case 'utilization': return podReplicas(podsOf(target.metric), target.percent, current);
    case 'total': return averageReplicas(wholeOf(target.metric), target.average, current);
    case 'value': return valueReplicas(wholeOf(target.metric), target.value, current, podsOf(target.metric).ready);
  }
}

function bounded(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

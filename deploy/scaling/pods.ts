import type { Random } from '../../loadtest/chaos/random.ts';

/** A call's place at a pod. */
export interface Place {
  pod: Pod;
  index: number;
  readonly call: Call;
}

/** A call: until when it lasts, and where it is. */
export interface Call {
  readonly endsAtS: number;
  readonly lane: 'urgent' | 'normal' | 'bulk';
  gateway: Place | undefined;
  worker: Place | undefined;
  hasEnded: boolean;
}

/** A member of a tier: starting until `readyAtS`, then ready, draining since `drainsSinceS`. */
export interface Pod {
  readonly id: number;
  readonly readyAtS: number;
  drainsSinceS: number | undefined;
  readonly places: Place[];
}

/** What each lane may fill of a worker's slots (worker/claims.ts). */
export const LANE_SHARE = { urgent: 1, normal: 0.95, bulk: 0.8 } as const;

/** Puts a call on a pod. */
export function seat(call: Call, pod: Pod): Place {
  const place = { pod, index: pod.places.length, call };
  pod.places.push(place);
  return place;
}

/** Takes a place away. */
export function unseat({ pod, index }: Place): void {
  const last = pod.places.pop();
  if (last === undefined || last.index === index) return;
  pod.places[index] = last;
  last.index = index;
}

/** The pods of a tier, and how a Deployment adds and removes them. */
export class Tier {
  readonly #startUpS: number;
  readonly #random: Random;
  #pods: Pod[] = [];
  #made = 0;

  constructor(startUpS: number, random: Random) {
    this.#startUpS = startUpS;
    this.#random = random;
  }

  /** Those that are there, draining ones included. */
  get pods(): readonly Pod[] {
    return this.#pods;
  }

  /** Those of the Deployment: not the draining ones. */
  get members(): readonly Pod[] {
    return this.#pods.filter(({ drainsSinceS }) => drainsSinceS === undefined);
  }

  ready(nowS: number): readonly Pod[] {
    return this.#pods.filter(({ readyAtS, drainsSinceS }) => readyAtS <= nowS && drainsSinceS === undefined);
  }

  /** Pods are made at once and start a while; those removed are first the ones that start yet, then the youngest. */
  scaleTo(replicas: number, nowS: number, isInstant = false): void {
    const members = this.members;
    for (let count = members.length; count < replicas; count++) this.#add(isInstant ? nowS : nowS + this.#startUpS * (0.75 + this.#random() / 2));
    const leaving = members.toSorted((one, other) => other.readyAtS - one.readyAtS || other.id - one.id).slice(0, Math.max(0, members.length - replicas));
    for (const pod of leaving) pod.drainsSinceS = nowS;
  }

  /** Forgets those that drain and hold nothing more. */
  reap(): void {
    this.#pods = this.#pods.filter(({ drainsSinceS, places }) => drainsSinceS === undefined || places.length > 0);
  }

  #add(readyAtS: number): void {
    this.#made += 1;
    this.#pods.push({ id: this.#made, readyAtS, drainsSinceS: undefined, places: [] });
  }
}

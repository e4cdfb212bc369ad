/** Metrics that are so near their target change nothing: the default of --horizontal-pod-autoscaler-tolerance. */
const TOLERANCE = 0.1;

/** What is known of a metric that each pod has. */
export interface PodReadings {
  readonly values: readonly number[];
  /** Ready, but not read yet. */
  readonly missing: number;
  /** Not started yet. */
  readonly starting: number;
  /** Ready pods, read or not. */
  readonly ready: number;
}

/**
 * Replicas for a metric of pods (`Pods`, and `Resource` by utilization): enough for the average to be at its target. Pods that
 * are starting count as idle where more are wanted, so that those under way are not asked for again; pods without a reading count
 * as idle there too, and as exactly on target where fewer are wanted.
 */
export function podReplicas({ values, missing, starting }: PodReadings, target: number, current: number): number {
  if (values.length === 0) return current;
  const sum = values.reduce((total, value) => total + value, 0);
  const ratio = sum / values.length / target;
  if (!(starting > 0 && ratio > 1) && missing === 0) return isNear(ratio) ? current : Math.ceil(round(ratio * values.length));
  const idle = ratio > 1 ? missing + starting : 0;
  const onTarget = ratio < 1 ? missing : 0;
  const counted = values.length + idle + onTarget;
  const adjusted = (sum + onTarget * target) / counted / target;
  if (isNear(adjusted) || ratio < 1 !== adjusted < 1) return current;
  return Math.ceil(round(adjusted * counted));
}

/** Replicas for one number about all (`External` with `AverageValue`): as many times the target as it is. */
export function averageReplicas(total: number, target: number, current: number): number {
  return current > 0 && isNear(total / (target * current)) ? current : Math.ceil(round(total / target));
}

/** Replicas for one number about all that should be at most so much (`External` with `Value`): in proportion to it. */
export function valueReplicas(value: number, target: number, current: number, ready: number): number {
  const ratio = value / target;
  return isNear(ratio) ? current : Math.ceil(round(ratio * ready));
}

function isNear(ratio: number): boolean {
  return Math.abs(1 - ratio) <= TOLERANCE + Number.EPSILON;
}

/** Kubernetes computes in thousandths of a unit; 3.0000000000000004 pods are three. */
function round(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { PodMonitor, PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Namespace, Service, ServiceAccount } from 'kubernetes-models/v1';
import { messageOf } from '../../shared/runtime/errors.ts';

/** A schema: its name as manifests give it, and what throws where a value is not as the schema says. */
interface Schema {
  readonly apiVersion: string;
  readonly kind: string;
  readonly prototype: { validate: () => void };
}

const SCHEMAS: readonly Schema[] = [
  ConfigMap, Deployment, HorizontalPodAutoscaler, Ingress, Namespace, NetworkPolicy, PodDisruptionBudget, PodMonitor, PrometheusRule,
  ScaledObject, Service, ServiceAccount, StatefulSet,
];

/** Anything that says what it is. */
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/**
 * What the API server would refuse, or silently drop: values that are not as the schema of the manifest's kind says, and fields
 * it does not know. Empty where there is nothing. The published schemas are compiled to functions that read the fields they know,
 * and no others: an unknown field is one that was never read.
 */
export function objections(manifest: Manifest): string[] {
  const { apiVersion, kind } = manifest;
  const schema = SCHEMAS.find((known) => known.apiVersion === apiVersion && known.kind === kind);
  if (schema === undefined) return [`no schema for ${apiVersion} ${kind}`];
  const reads = new Map<object, Set<string>>();
  try {
    schema.prototype.validate.call(watched(manifest, reads));
  } catch (error) {
    return [messageOf(error)];
  }
  return unreadFields(manifest, reads, kind);
}

/** The same value, noting which fields of which object are read. */
function watched<T extends object>(value: T, reads: Map<object, Set<string>>): T {
  const seen = reads.get(value) ?? new Set<string>();
  reads.set(value, seen);
  return new Proxy(value, {
    get(target, key, receiver): unknown {
      if (typeof key === 'string') seen.add(key);
      const field: unknown = Reflect.get(target, key, receiver);
      return typeof field === 'object' && field !== null ? watched(field, reads) : field;
    },
  });
}

function unreadFields(value: unknown, reads: ReadonlyMap<object, ReadonlySet<string>>, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const seen = reads.get(value);
  return Object.entries(value).flatMap(([key, field]) =>
    seen?.has(key) === true ? unreadFields(field, reads, `${path}.${key}`) : [`unknown field ${path}.${key}`],
  );
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { AutoscalerPolicy, MetricTarget, ScalingRules } from './autoscaler.ts';

/** Who scales: each tier by a policy of its own. */
export type Tier = 'gateway' | 'worker';
export type Policies = Readonly<Record<Tier, AutoscalerPolicy>>;

const rules = z.object({
  stabilizationWindowSeconds: z.number().optional(),
  selectPolicy: z.enum(['Max', 'Min', 'Disabled']).default('Max'),
  policies: z.array(z.object({ type: z.enum(['Pods', 'Percent']), value: z.number(), periodSeconds: z.number() })).optional(),
});
const behavior = z.object({ scaleUp: rules.optional(), scaleDown: rules.optional() }).optional();
const metric = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Pods'), pods: z.object({ metric: z.object({ name: z.string() }), target: z.object({ averageValue: z.string() }) }) }),
  z.object({ type: z.literal('Resource'), resource: z.object({ name: z.string(), target: z.object({ averageUtilization: z.number() }) }) }),
  z.object({ type: z.literal('External'), external: z.object({ metric: z.object({ name: z.string() }), target: z.object({ value: z.string() }) }) }),
]);
const labels = z.object({ 'app.kubernetes.io/component': z.enum(['gateway', 'worker']) });
const autoscaler = z.object({
  kind: z.literal('HorizontalPodAutoscaler'),
  metadata: z.object({ labels }),
  spec: z.object({ minReplicas: z.number(), maxReplicas: z.number(), metrics: z.array(metric), behavior }),
});
const trigger = z.discriminatedUnion('type', [
  z.object({ type: z.literal('prometheus'), metricType: z.enum(['AverageValue', 'Value']), metadata: z.object({ query: z.string(), threshold: z.string() }) }),
  z.object({ type: z.literal('cpu'), metricType: z.literal('Utilization'), metadata: z.object({ value: z.string() }) }),
]);
const scaledObject = z.object({
  kind: z.literal('ScaledObject'),
  metadata: z.object({ labels }),
  spec: z.object({
    minReplicaCount: z.number(), maxReplicaCount: z.number(), triggers: z.array(trigger),
    advanced: z.object({ horizontalPodAutoscalerConfig: z.object({ behavior }) }).optional(),
  }),
});

/**
 * The policies that the HorizontalPodAutoscalers or the ScaledObjects of a folder's YAML files state. Throws where a tier has
 * none, has two, or has one that this cannot simulate, and says which file.
 */
export function readPolicies(folder: string): Policies {
  const found = new Map<Tier, AutoscalerPolicy>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml')).sort()) {
    for (const document of parseAllDocuments(readFileSync(join(folder, file), 'utf8'), { merge: true })) {
      const stated = policyOf(document.toJS(), join(folder, file));
      if (stated === undefined) continue;
      if (found.has(stated.tier)) throw new Error(`${join(folder, file)}: a second policy for the ${stated.tier}s`);
      found.set(stated.tier, stated.policy);
    }
  }
  return { gateway: one(found, 'gateway', folder), worker: one(found, 'worker', folder) };
}

function one(found: ReadonlyMap<Tier, AutoscalerPolicy>, tier: Tier, folder: string): AutoscalerPolicy {
  const policy = found.get(tier);
  if (policy === undefined) throw new Error(`${folder}: no HorizontalPodAutoscaler and no ScaledObject for the ${tier}s`);
  return policy;
}

function policyOf(document: unknown, file: string): { readonly tier: Tier; readonly policy: AutoscalerPolicy } | undefined {
  const { kind } = z.object({ kind: z.string() }).parse(document);
  if (kind !== 'HorizontalPodAutoscaler' && kind !== 'ScaledObject') return undefined;
  const parsed = z.discriminatedUnion('kind', [autoscaler, scaledObject]).safeParse(document);
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
  const { metadata, ...stated } = parsed.data;
  const tier = metadata.labels['app.kubernetes.io/component'];
  if (stated.kind === 'HorizontalPodAutoscaler') {
    const { minReplicas, maxReplicas, metrics, behavior: pace } = stated.spec;
    return { tier, policy: { minReplicas, maxReplicas, targets: metrics.map(targetOfMetric), ...rulesOf(pace) } };
  }
  const { minReplicaCount, maxReplicaCount, triggers, advanced } = stated.spec;
  const targets = triggers.map(targetOfTrigger);
  return { tier, policy: { minReplicas: minReplicaCount, maxReplicas: maxReplicaCount, targets, ...rulesOf(advanced?.horizontalPodAutoscalerConfig.behavior) } };
}

function targetOfMetric(stated: z.infer<typeof metric>): MetricTarget {
  switch (stated.type) {
    case 'Pods': return { kind: 'pods', metric: stated.pods.metric.name, average: quantity(stated.pods.target.averageValue) };
    case 'Resource': return { kind: 'utilization', metric: stated.resource.name, percent: stated.resource.target.averageUtilization };
    case 'External': return { kind: 'value', metric: stated.external.metric.name, value: quantity(stated.external.target.value) };
  }
}

function targetOfTrigger(stated: z.infer<typeof trigger>): MetricTarget {
  if (stated.type === 'cpu') return { kind: 'utilization', metric: 'cpu', percent: Number(stated.metadata.value) };
  const name = metricIn(stated.metadata.query);
  const threshold = Number(stated.metadata.threshold);
  return stated.metricType === 'Value' ? { kind: 'value', metric: name, value: threshold } : { kind: 'total', metric: name, average: threshold };
}

/** The quantile of a histogram goes by the name that prometheus-adapter gives it. */
function metricIn(query: string): string {
  const name = /\bvoxfleet_\w+/.exec(query)?.[0] ?? query;
  return query.includes('histogram_quantile(0.99') ? name.replace(/_seconds_bucket$/, '_p99_seconds') : name;
}

/** Defaults: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#default-behavior. */
function rulesOf(stated: z.infer<typeof behavior>): { readonly scaleUp: ScalingRules; readonly scaleDown: ScalingRules } {
  const double = { type: 'Percent', value: 100, periodSeconds: 15 } as const;
  const made = ({ stabilizationWindowSeconds, selectPolicy = 'Max', policies }: Partial<z.infer<typeof rules>>, windowS: number, usual: NonNullable<typeof policies>): ScalingRules => ({
    stabilizationS: stabilizationWindowSeconds ?? windowS,
    select: selectPolicy,
    policies: (policies ?? usual).map(({ type, value, periodSeconds }) => ({ type, value, periodS: periodSeconds })),
  });
  return { scaleUp: made(stated?.scaleUp ?? {}, 0, [double, { type: 'Pods', value: 4, periodSeconds: 15 }]), scaleDown: made(stated?.scaleDown ?? {}, 300, [double]) };
}

/** A quantity of Kubernetes: `300`, `100m`. Throws where it is neither. */
function quantity(text: string): number {
  const [, number, thousandths] = /^(\d+(?:\.\d+)?)(m?)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`expected a quantity such as 300 or 100m, got "${text}"`);
  return Number(number) / (thousandths === 'm' ? 1000 : 1);
}

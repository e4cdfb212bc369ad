import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { IScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { parse } from 'yaml';
import { startFleet, type Fleet } from '../../shared/testing/fleet.ts';
import { promtool } from '../prometheus/promtool-fixture.ts';
import { LONGEST_READING_S } from '../scaling/metric-snapshot.ts';
import { readPolicies } from '../scaling/policy-files.ts';
import { K8S_FOLDER, ofKind, readManifestFile, renderedManifests } from './manifest-files-fixture.ts';
import { settingOf, tierOf } from './settings-fixture.ts';

interface AdapterRule {
  readonly seriesQuery: string;
  readonly name: { readonly as: string };
  readonly metricsQuery: string;
}

const byHpa = readPolicies(join(K8S_FOLDER, 'components', 'autoscaling'));
const byKeda = readPolicies(join(K8S_FOLDER, 'components', 'keda'));
const production = renderedManifests('production');
const deployments = ofKind<IDeployment>(production, 'Deployment');
const autoscalers = ofKind<IHorizontalPodAutoscaler>(production, 'HorizontalPodAutoscaler');
const scaledObjects = ofKind<IScaledObject>(renderedManifests('production-keda'), 'ScaledObject');
const { rules } = parse(readManifestFile('dependencies/prometheus-adapter.values.yaml')) as { rules: { default: boolean; custom: AdapterRule[]; external: AdapterRule[] } };

const kedaQueries = scaledObjects.flatMap(({ spec }) => spec.triggers).flatMap(({ metadata }) => metadata['query'] ?? []);
const labels = 'namespace="voxfleet",pod=~"a|b"';
/** What prometheus-adapter asks, filled in. */
const adapterQueries = [
  ...rules.custom.flatMap(({ metricsQuery }) => ['voxfleet_slots_used', 'voxfleet_gateway_connections'].map((series) => filled(metricsQuery, series))),
  ...rules.external.map(({ metricsQuery }) => filled(metricsQuery, 'voxfleet_lane_wait_seconds_bucket')),
];

function filled(query: string, series: string): string {
  return query.replaceAll('<<.Series>>', series).replaceAll('<<.LabelMatchers>>', labels).replaceAll('<<.GroupBy>>', 'pod');
}

describe('autoscaling', () => {
  test('is of both tiers, by their own Deployments, whose number nobody else states', () => {
    assert.deepEqual(autoscalers.map(({ spec }) => spec?.scaleTargetRef.name), deployments.map(({ metadata }) => metadata.name));
    assert.deepEqual(scaledObjects.map(({ spec }) => spec.scaleTargetRef.name), deployments.map(({ metadata }) => metadata.name));
    for (const { spec } of deployments) assert.equal(spec?.replicas, undefined);
    assert.deepEqual(ofKind(renderedManifests('production-keda'), 'HorizontalPodAutoscaler'), [], 'KEDA makes its own');
  });

  test('by KEDA has the bounds, targets and pace of that by Kubernetes', () => {
    for (const tier of ['gateway', 'worker'] as const) {
      const { targets: hpaTargets, ...hpa } = byHpa[tier];
      const { targets: kedaTargets, ...keda } = byKeda[tier];
      assert.deepEqual(keda, hpa);
      // A sum by so much for each pod is the average of the pods.
      assert.deepEqual(kedaTargets.map((target) => (target.kind === 'total' ? { ...target, kind: 'pods' } : target)), hpaTargets);
    }
  });

  test('is fast up and slow down', () => {
    for (const { scaleUp, scaleDown } of [byHpa.gateway, byHpa.worker]) {
      assert.equal(scaleUp.stabilizationS, 0);
      assert.deepEqual([scaleUp.select, scaleDown.select], ['Max', 'Min']);
      assert.ok(scaleDown.stabilizationS >= 300);
      const aMinute = (percent: readonly { type: string; value: number; periodS: number }[]): number => Math.max(...percent.map(({ type, value, periodS }) => (type === 'Percent' ? (value * 60) / periodS : 0)));
      assert.ok(aMinute(scaleUp.policies) >= 10 * aMinute(scaleDown.policies));
    }
  });

  test('leaves one of a tier when one may leave', () => {
    for (const { minReplicas } of [byHpa.gateway, byHpa.worker]) assert.ok(minReplicas >= 2);
  });

  test('begins before anybody is refused: a tenth above the target, where it still does nothing, every lane has slots', () => {
    for (const deployment of deployments) {
      const tier = tierOf(deployment);
      const [target] = byHpa[tier].targets;
      assert.equal(target?.kind, 'pods');
      const most = tier === 'worker' ? 0.8 * settingOf('SLOTS', deployment, production) : settingOf('MAX_WEBSOCKET_CONNECTIONS', deployment, production);
      assert.ok(target.average * 1.1 <= most, `${tier}: ${target.average} of ${most}`);
    }
  });

  test('workers are scaled by slots and lane wait, never by CPU', () => {
    assert.deepEqual(byHpa.worker.targets.map(({ metric }) => metric), ['voxfleet_slots_used', 'voxfleet_lane_wait_p99_seconds']);
    assert.deepEqual(byHpa.gateway.targets.map(({ metric }) => metric), ['voxfleet_gateway_connections', 'cpu']);
  });
});

describe('the metrics it goes by', { timeout: 180_000 }, () => {
  let fleet: Fleet;
  let measured: ReadonlySet<string>;
  before(async () => {
    fleet = await startFleet();
    const texts = await Promise.all([fleet.gatewayUrls[0], fleet.workers[0]?.adminUrl].map(async (url) => (await fetch(`${url ?? ''}/metrics`)).text()));
    measured = new Set([...texts.join('\n').matchAll(/^# TYPE (\w+) /gm)].map(([, name = '']) => name));
  });
  after(() => fleet.stop());

  test('are measured by gateways and workers', () => {
    const asked = [...kedaQueries, ...adapterQueries].flatMap((query) => query.match(/\bvoxfleet_\w+/g) ?? []);
    assert.ok(asked.length >= 6);
    for (const name of asked) assert.ok(measured.has(name.replace(/_bucket$/, '')), name);
  });

  test('are those that prometheus-adapter is told to serve, and no others', () => {
    assert.equal(rules.default, false);
    const series = rules.custom.map(({ seriesQuery }) => new RegExp(/__name__=~"([^"]+)"/.exec(seriesQuery)?.[1] ?? '$^'));
    const external = rules.external.map(({ name }) => name.as);
    const targets = [...byHpa.gateway.targets, ...byHpa.worker.targets];
    for (const { kind, metric } of targets) {
      if (kind === 'pods') assert.ok(series.some((pattern) => pattern.test(metric)), metric);
      if (kind === 'value') assert.ok(external.includes(metric), metric);
    }
  });

  test('are asked for in PromQL that Prometheus reads', async () => {
    const checked = { groups: [{ name: 'autoscaling', rules: [...kedaQueries, ...adapterQueries].map((expr, at) => ({ record: `query:number:${at}`, expr })) }] };
    const folder = mkdtempSync(join(tmpdir(), 'voxfleet-queries-'));
    writeFileSync(join(folder, 'rules.yml'), JSON.stringify(checked));
    const { code, said } = await promtool(['check', 'rules', join(folder, 'rules.yml')]);
    rmSync(folder, { recursive: true });
    assert.equal(code, 0, said);
    assert.match(said, /SUCCESS: 6 rules found/);
  });

  test('of waiting say at most what the simulator takes for the most', () => {
    const waits = [...kedaQueries, ...adapterQueries].filter((query) => query.includes('lane_wait'));
    assert.equal(waits.length, 2);
    for (const query of waits) assert.ok(query.includes(`, ${LONGEST_READING_S}) >= 0) or vector(0)`), query);
  });
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { deploymentIn, ManifestError, readDeployment } from './deployment.ts';
import { plansOf } from './plan-fixture.ts';

const RENDERED = join(packageRoot(), 'k8s/rendered/production.yaml');

describe('the numbers of a Deployment', () => {
  test('are read from its manifest, percentages as Kubernetes rounds them', () => {
    const { gateway, worker } = plansOf(3);
    const probe = { path: '/health/ready', periodMs: 1000, timeoutMs: 2000, failureThreshold: 3 };
    assert.deepEqual(gateway, {
      tier: 'gateway', replicas: 3, maxSurge: 1, maxUnavailable: 0, minReadyMs: 0, graceMs: 12_000, preStopMs: 1000, readiness: probe,
      startup: { path: '/health/live', periodMs: 1000, timeoutMs: 1000, failureThreshold: 60 },
      env: { DRAIN_DEADLINE_MS: '8000', GOAWAY_SPREAD_MS: '1000', LEASE_MS: '8000' },
    });
    assert.equal(worker.preStopMs, 0);
  });

  test('of the manifests that production gets are all there', () => {
    for (const tier of ['gateway', 'worker'] as const) {
      const plan = readDeployment(RENDERED, tier);
      assert.ok(plan.replicas >= 2 && plan.maxSurge >= 1 && plan.maxUnavailable === 0, JSON.stringify(plan));
      assert.ok(plan.graceMs > plan.preStopMs + Number(plan.env['DRAIN_DEADLINE_MS']), 'a drain has its time within the grace');
    }
  });

  test('that are missing are told with what was expected', () => {
    assert.throws(() => readDeployment('nowhere.yaml', 'gateway'), (error) => error instanceof ManifestError && /no nowhere\.yaml: expected rendered manifests/.test(error.message));
    assert.throws(() => deploymentIn('kind: Service', 'worker', 'a.yaml'), /a\.yaml: expected one Deployment with the label app\.kubernetes\.io\/component: worker, found 0/);
    const noProbe = 'kind: Deployment\nmetadata: { labels: { app.kubernetes.io/component: worker } }\nspec: { template: { spec: { containers: [{ name: worker }] } } }';
    assert.throws(() => deploymentIn(noProbe, 'worker', 'a.yaml'), /expected startupProbe with httpGet/);
  });
});

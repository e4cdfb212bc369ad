import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { IServiceAccount } from 'kubernetes-models/v1';
import { ofKind, onlyContainer, OVERLAYS, podOf, renderedManifests, workloadsOf, type Manifest } from './manifest-files-fixture.ts';
import { includes, podLabelsOf } from './selection-fixture.ts';

/** A canary is applied beside production and lives by its accounts. */
const surroundings = (overlay: string): Manifest[] => (overlay === 'canary' ? renderedManifests('production') : []);

for (const overlay of OVERLAYS) {
  const manifests = renderedManifests(overlay);
  const around = [...manifests, ...surroundings(overlay)];

  describe(`pods of overlay ${overlay}`, () => {
    for (const workload of workloadsOf(manifests)) {
      const name = workload.metadata.name;
      const pod = podOf(workload);
      const container = onlyContainer(workload);

      test(`${name} runs without root, privileges, a writable system or a token`, () => {
        assert.equal(pod.securityContext?.runAsNonRoot, true);
        assert.equal(pod.securityContext.seccompProfile?.type, 'RuntimeDefault');
        assert.ok(Number(pod.securityContext.runAsUser) > 0);
        assert.equal(pod.automountServiceAccountToken, false);
        assert.deepEqual([pod.hostNetwork, pod.hostPID, pod.hostIPC, container.securityContext?.privileged === true], [undefined, undefined, undefined, false]);
        assert.equal(container.securityContext?.allowPrivilegeEscalation, false);
        assert.equal(container.securityContext.readOnlyRootFilesystem, true);
        assert.deepEqual(container.securityContext.capabilities, { drop: ['ALL'] });
        for (const volume of pod.volumes ?? []) assert.ok(volume.emptyDir?.sizeLimit !== undefined, `${volume.name} has a limit`);
      });

      test(`${name} says what it needs and never takes more`, () => {
        for (const amounts of [container.resources?.requests, container.resources?.limits]) assert.deepEqual(Object.keys(amounts ?? {}).sort(), ['cpu', 'memory']);
      });

      test(`${name} is asked whether it has come up, whether it serves and whether it is stuck`, () => {
        const { startupProbe, readinessProbe, livenessProbe } = container;
        assert.ok(startupProbe && readinessProbe && livenessProbe);
        // Slow starts are not stuck: they have longer than what is alive may stand still.
        assert.ok(secondsOf(startupProbe) >= secondsOf(livenessProbe));
        assert.ok(secondsOf(readinessProbe) < secondsOf(livenessProbe), 'it gets no more work before it is killed');
      });

      test(`the image of ${name} is of a version`, () => {
        assert.match(container.image ?? '', /^[a-z0-9./-]+:(?!latest)[a-zA-Z0-9._-]+$/);
      });
    }

    for (const deployment of ofKind<IDeployment>(manifests, 'Deployment')) {
      const name = deployment.metadata.name;
      const labels = podLabelsOf(deployment);

      test(`${name} is rolled without ever being fewer, and spread over zones and nodes`, () => {
        assert.equal(deployment.spec?.strategy?.rollingUpdate?.maxUnavailable, 0);
        assert.ok(Number(deployment.spec.minReadySeconds) > 0);
        const pod = podOf(deployment);
        assert.deepEqual(pod.topologySpreadConstraints?.map(({ topologyKey }) => topologyKey), ['topology.kubernetes.io/zone', 'kubernetes.io/hostname']);
        const apart = pod.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
        assert.equal(apart.length, 1);
        const selectors = [...pod.topologySpreadConstraints.map(({ labelSelector }) => labelSelector), apart[0]?.podAffinityTerm.labelSelector];
        for (const selector of selectors) assert.ok(includes(labels, selector?.matchLabels), 'it counts its own pods');
      });

      test(overlay === 'canary' ? `no budget counts ${name}, which may be broken` : `one budget says how many of ${name} may leave at once`, () => {
        const budgets = ofKind<IPodDisruptionBudget>(around, 'PodDisruptionBudget').filter(({ spec }) => includes(labels, spec?.selector?.matchLabels));
        assert.deepEqual(budgets.map(({ spec }) => spec?.maxUnavailable), overlay === 'canary' ? [] : [1]);
      });

      test(`others take the place of ${name} soon after its node has gone silent`, () => {
        const tolerated = (podOf(deployment).tolerations ?? []).map(({ key, effect, tolerationSeconds }) => [key, effect, tolerationSeconds]);
        assert.deepEqual(tolerated, ['not-ready', 'unreachable'].map((state) => [`node.kubernetes.io/${state}`, 'NoExecute', 30]));
      });

      test(`the account of ${name} is there and has no token`, () => {
        const accounts = ofKind<IServiceAccount>(around, 'ServiceAccount').filter(({ metadata }) => metadata.name === podOf(deployment).serviceAccountName);
        assert.deepEqual(accounts.map(({ automountServiceAccountToken }) => automountServiceAccountToken), [false]);
      });

      test(`${name} is asked by readiness what others need, by liveness about itself alone`, () => {
        const { startupProbe, readinessProbe, livenessProbe } = onlyContainer(deployment);
        assert.deepEqual([startupProbe, readinessProbe, livenessProbe].map((probe) => probe?.httpGet?.path), ['/health/live', '/health/ready', '/health/live']);
      });
    }
  });
}

/** How long a probe must fail to be believed. */
function secondsOf({ periodSeconds = 10, failureThreshold = 3 }: { readonly periodSeconds?: number | null; readonly failureThreshold?: number | null }): number {
  return Number(periodSeconds) * Number(failureThreshold);
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import type { IIngress, INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IService } from 'kubernetes-models/v1';
import { ofKind, onlyContainer, OVERLAYS, podOf, renderedManifests, workloadsOf, type Workload } from './manifest-files-fixture.ts';
import { includes, podLabelsOf } from './selection-fixture.ts';

const portNames = (workload: Workload): string[] => (onlyContainer(workload).ports ?? []).flatMap(({ name }) => name ?? []);

for (const overlay of OVERLAYS) {
  const manifests = renderedManifests(overlay);
  const workloads = workloadsOf(manifests);
  const selected = (labels: Readonly<Record<string, string>> | null | undefined): Workload[] => workloads.filter((workload) => includes(podLabelsOf(workload), labels));

  describe(`what belongs together in overlay ${overlay}`, () => {
    test('every workload selects its own pods, and no other does', () => {
      for (const workload of workloads) assert.deepEqual(selected(workload.spec?.selector.matchLabels), [workload]);
    });

    test('services lead to ports that pods have', () => {
      for (const { metadata, spec } of ofKind<IService>(manifests, 'Service')) {
        const behind = selected(spec?.selector);
        assert.equal(behind.length, 1, metadata.name);
        for (const { targetPort } of spec?.ports ?? []) for (const workload of behind) assert.ok(portNames(workload).includes(String(targetPort)), `${metadata.name}: ${String(targetPort)}`);
      }
    });

    test('no service leads to the port without tokens', () => {
      const targets = ofKind<IService>(manifests, 'Service').flatMap(({ spec }) => spec?.ports ?? []).map(({ targetPort }) => targetPort);
      assert.ok(!targets.includes('admin'));
    });

    test('probes ask ports that their container has', () => {
      for (const workload of workloads) {
        const { startupProbe, readinessProbe, livenessProbe } = onlyContainer(workload);
        for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
          const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port;
          if (port !== undefined) assert.ok(portNames(workload).includes(String(port)), `${workload.metadata.name}: ${port}`);
        }
      }
    });

    test('the ingress leads to a service and its port', () => {
      for (const { spec } of ofKind<IIngress>(manifests, 'Ingress')) {
        const backends = (spec?.rules ?? []).flatMap(({ http }) => http?.paths ?? []).map(({ backend }) => backend.service);
        assert.equal(backends.length, 1);
        const service = ofKind<IService>(manifests, 'Service').find(({ metadata }) => metadata.name === backends[0]?.name);
        assert.ok(service?.spec?.ports?.some(({ name }) => name === backends[0]?.port?.name));
      }
    });

    test('what is mounted is there', () => {
      for (const workload of workloads) {
        const claims = workload.kind === 'StatefulSet' ? ((workload.spec as { volumeClaimTemplates?: { metadata: { name: string } }[] }).volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name) : [];
        const volumes = new Set([...(podOf(workload).volumes ?? []).map(({ name }) => name), ...claims]);
        for (const { name } of onlyContainer(workload).volumeMounts ?? []) assert.ok(volumes.has(name), `${workload.metadata.name}: ${name}`);
      }
    });
  });
}

for (const overlay of ['dev', 'production'] as const) {
  describe(`who may talk to whom in overlay ${overlay}`, () => {
    const manifests = renderedManifests(overlay);
    const policies = ofKind<INetworkPolicy>(manifests, 'NetworkPolicy');
    const policiesOf = (workload: Workload): INetworkPolicy[] => policies.filter(({ spec }) => includes(podLabelsOf(workload), spec?.podSelector.matchLabels));

    test('nothing comes to a pod, or leaves it, that no policy allows', () => {
      for (const workload of workloadsOf(manifests)) {
        const types = new Set(policiesOf(workload).flatMap(({ spec }) => spec?.policyTypes ?? []));
        assert.deepEqual([...types].sort(), ['Egress', 'Ingress'], workload.metadata.name);
      }
    });

    test('what comes in comes from somewhere named, to ports that the pods have', () => {
      for (const workload of workloadsOf(manifests)) {
        const rules = policiesOf(workload).flatMap(({ spec }) => spec?.ingress ?? []);
        const ports = rules.flatMap((rule) => rule.ports ?? []).map(({ port }) => String(port));
        assert.ok(ports.length > 0);
        for (const port of ports) assert.ok(portNames(workload).includes(port), `${workload.metadata.name}: ${port}`);
        for (const rule of rules) assert.ok((rule.from ?? []).length > 0, `${workload.metadata.name}: from anywhere`);
      }
    });

    test('engines elsewhere are not inside the cluster, nor the metadata of the cloud', () => {
      const blocks = policies.flatMap(({ spec }) => spec?.egress ?? []).flatMap(({ to }) => to ?? []).flatMap(({ ipBlock }) => ipBlock ?? []);
      assert.equal(blocks.length, 1);
      assert.ok(blocks[0]?.except?.includes('169.254.0.0/16') && blocks[0].except.includes('10.0.0.0/8'));
    });
  });
}

test('both tiers are scraped at the port that has their metrics, under the jobs of the rules', () => {
  const manifests = renderedManifests('production');
  const monitors = ofKind<IPodMonitor>(manifests, 'PodMonitor');
  assert.equal(monitors.length, 2);
  for (const { spec } of monitors) {
    const [workload, ...others] = workloadsOf(manifests).filter((candidate) => includes(podLabelsOf(candidate), spec.selector.matchLabels));
    assert.ok(workload !== undefined && others.length === 0);
    for (const { port, relabelings } of spec.podMetricsEndpoints ?? []) {
      assert.ok(portNames(workload).includes(String(port)));
      assert.deepEqual(relabelings?.map(({ targetLabel, replacement }) => [targetLabel, replacement]), [['job', 'voxfleet-$1'], ['track', undefined]]);
    }
  }
});

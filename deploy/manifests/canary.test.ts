import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IService } from 'kubernetes-models/v1';
import { ofKind, onlyContainer, podOf, renderedManifests, type Manifest } from './manifest-files-fixture.ts';
import { includes, podLabelsOf } from './selection-fixture.ts';
import { environmentOf, tierOf } from './settings-fixture.ts';

const canary = renderedManifests('canary');
const production = renderedManifests('production');

test('a canary is two Deployments of one pod each and their settings, beside production', () => {
  assert.deepEqual(canary.map(({ kind }) => kind), ['ConfigMap', 'ConfigMap', 'ConfigMap', 'Deployment', 'Deployment']);
  assert.deepEqual(ofKind<IDeployment>(canary, 'Deployment').map(({ spec }) => spec?.replicas), [1, 1]);
  const names = new Set(production.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  for (const { kind, metadata } of canary) {
    assert.ok(!names.has(`${kind}/${metadata.name}`), `${kind} ${metadata.name} would replace that of production`);
    assert.equal(metadata.namespace, 'voxfleet');
  }
});

for (const deployment of ofKind<IDeployment>(canary, 'Deployment')) {
  const tier = tierOf(deployment);
  const stable = ofKind<IDeployment>(production, 'Deployment').find((candidate) => tierOf(candidate) === tier);

  test(`the canary of the ${tier} differs from it in name, track, number and version alone`, () => {
    assert.ok(stable);
    assert.deepEqual(environmentOf(deployment, canary), environmentOf(stable, production));
    assert.notEqual(onlyContainer(deployment).image, onlyContainer(stable).image);
    assert.deepEqual(comparable(deployment), comparable(stable));
  });

  test(`the two never take each other's pods for their own`, () => {
    assert.ok(stable);
    assert.ok(!includes(podLabelsOf(stable), deployment.spec?.selector.matchLabels));
    assert.ok(!includes(podLabelsOf(deployment), stable.spec?.selector.matchLabels));
  });
}

test('callers of the Service come to stable and canary gateways alike', () => {
  const service = ofKind<IService>(production, 'Service').find(({ metadata }) => metadata.name === 'voxfleet-gateway');
  const gateways = [...ofKind<IDeployment>(production, 'Deployment'), ...ofKind<IDeployment>(canary, 'Deployment')].filter((deployment) => tierOf(deployment) === 'gateway');
  assert.equal(gateways.length, 2);
  for (const gateway of gateways) assert.ok(includes(podLabelsOf(gateway), service?.spec?.selector));
});

/** Without all in which a canary should differ. */
function comparable(deployment: IDeployment & Manifest): unknown {
  const { spec } = deployment;
  assert.ok(spec);
  const container = onlyContainer(deployment);
  const envFrom = (container.envFrom ?? []).map(({ configMapRef, secretRef }) => configMapRef?.name?.replace(/(-canary)?-[a-z0-9]{10}$/, '') ?? secretRef);
  const image = container.image?.replace(/:.*/, '');
  const pod = { ...podOf(deployment), containers: [{ ...container, image, envFrom }] };
  const text = JSON.stringify({ name: deployment.metadata.name, ...spec, replicas: undefined, template: { ...spec.template, spec: pod } });
  return JSON.parse(text.replaceAll('-canary', '').replaceAll(/"voxfleet\.io\/track":"(stable|canary)",?/g, '').replaceAll(',}', '}'));
}

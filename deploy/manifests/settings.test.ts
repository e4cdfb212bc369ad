import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { ofKind, onlyContainer, OVERLAYS, podOf, renderedManifests } from './manifest-files-fixture.ts';
import { environmentOf, settingOf, settingsOf, tierOf } from './settings-fixture.ts';

/** Left after the stop of a process for the machine that is slow. */
const SPARE_S = 5;
const TERMINATION = readFileSync(join(packageRoot(), 'shared', 'runtime', 'termination.ts'), 'utf8');
const stopS = Number(/const STOP_MS = (\d+);/.exec(TERMINATION)?.[1]) / 1000;

test('the settings of both tiers were found', () => {
  assert.equal(settingsOf('gateway').get('DRAIN_DEADLINE_MS'), '30000');
  assert.equal(settingsOf('worker').get('SLOTS'), '200');
  assert.ok(stopS > 0);
});

for (const overlay of OVERLAYS) {
  const manifests = renderedManifests(overlay);
  for (const deployment of ofKind<IDeployment>(manifests, 'Deployment')) {
    describe(`${deployment.metadata.name} of overlay ${overlay}`, () => {
      const environment = environmentOf(deployment, manifests);
      const container = onlyContainer(deployment);

      test('is given settings that exist, and no secrets', () => {
        const known = settingsOf(tierOf(deployment));
        assert.ok(environment.size > 5);
        for (const [name, value] of environment) {
          assert.ok(known.has(name), `${name} is no setting of the ${tierOf(deployment)}`);
          assert.doesNotMatch(value, /@/, `${name} holds no password`);
        }
        assert.ok(!environment.has('API_KEYS') && !environment.has('OPERATOR_TOKENS'));
      });

      test('has time to drain before it is killed', () => {
        const preStopS = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
        const neededS = preStopS + settingOf('DRAIN_DEADLINE_MS', deployment, manifests) / 1000 + stopS;
        assert.equal(podOf(deployment).terminationGracePeriodSeconds, neededS + SPARE_S);
      });

      test('listens where its ports are', () => {
        const ports = new Map((container.ports ?? []).map(({ name, containerPort }) => [name, containerPort]));
        assert.equal(ports.get('admin'), settingOf('ADMIN_PORT', deployment, manifests));
        assert.equal(environment.get('ADMIN_HOST'), '0.0.0.0');
        if (tierOf(deployment) === 'gateway') assert.equal(ports.get('http'), settingOf('PORT', deployment, manifests));
      });

      test('is told how many CPUs it has, which it cannot see', () => {
        if (tierOf(deployment) === 'gateway') return;
        assert.equal(settingOf('MAX_WORKERS', deployment, manifests), Number(container.resources?.limits?.['cpu']));
      });

      test('runs the command of its tier, under the name of its pod', () => {
        assert.deepEqual(container.args, [tierOf(deployment)]);
        const id = container.env?.find(({ name }) => name === `${tierOf(deployment).toUpperCase()}_ID`);
        assert.equal(id?.valueFrom?.fieldRef?.fieldPath, 'metadata.name');
      });
    });
  }
}

test('only a gateway, to which a Service leads, waits before it drains', () => {
  const waits = ofKind<IDeployment>(renderedManifests('production'), 'Deployment').map((deployment) => [tierOf(deployment), onlyContainer(deployment).lifecycle?.preStop?.sleep?.seconds ?? 0]);
  assert.deepEqual(waits, [['gateway', 5], ['worker', 0]]);
});

test('production says that it is production, and takes keys and passwords from Secrets', () => {
  const manifests = renderedManifests('production');
  for (const deployment of ofKind<IDeployment>(manifests, 'Deployment')) {
    assert.equal(environmentOf(deployment, manifests).get('ENVIRONMENT'), 'production');
    const secrets = onlyContainer(deployment).envFrom?.flatMap(({ secretRef }) => secretRef?.name ?? []);
    assert.deepEqual(secrets, ['voxfleet-shared', `voxfleet-${tierOf(deployment)}`]);
  }
  assert.deepEqual(OVERLAYS.flatMap((overlay) => ofKind(renderedManifests(overlay), 'Secret')), []);
});

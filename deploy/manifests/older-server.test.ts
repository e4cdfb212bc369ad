import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OVERLAYS, renderedManifests } from './manifest-files-fixture.ts';
import { forOlderServer } from './older-server-fixture.ts';

for (const overlay of OVERLAYS) {
  const manifests = renderedManifests(overlay);

  test(`for a server of Kubernetes 1.20, overlay ${overlay} changes in versions, in preStop and in what budgets say of unhealthy pods, and in nothing else`, () => {
    const changed = JSON.stringify(manifests)
      .replaceAll('"policy/v1"', '"policy/v1beta1"')
      .replaceAll('"autoscaling/v2"', '"autoscaling/v2beta2"')
      .replaceAll(/,"unhealthyPodEvictionPolicy":"AlwaysAllow"(?=\})/g, '')
      .replaceAll(/"sleep":\{"seconds":(\d+)\}/g, '"exec":{"command":["sleep","$1"]}');
    assert.deepEqual(forOlderServer(manifests), JSON.parse(changed));
  });
}

test('the manifests themselves stay as they are', () => {
  const manifests = renderedManifests('production');
  forOlderServer(manifests);
  assert.deepEqual(manifests, renderedManifests('production'));
});

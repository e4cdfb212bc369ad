import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { readManifestFile, sourceFiles } from './manifest-files-fixture.ts';

interface Helmfile {
  readonly repositories: readonly { readonly name: string; readonly url: string }[];
  readonly releases: readonly { readonly name: string; readonly namespace: string; readonly chart: string; readonly version: string; readonly values?: readonly string[] }[];
}

const { repositories, releases } = parse(readManifestFile('dependencies/helmfile.yaml')) as Helmfile;

test('every chart is of a repository that is named, and pinned to one version', () => {
  assert.ok(releases.length >= 4);
  for (const { chart, version } of releases) {
    assert.ok(repositories.some(({ name, url }) => chart.startsWith(`${name}/`) && url.startsWith('https://')), chart);
    assert.match(version, /^\d+\.\d+\.\d+$/, chart);
  }
});

test('every file of values belongs to a release, says the version it was written for, and gives what runs its limits', () => {
  const files = sourceFiles('.values.yaml');
  assert.deepEqual(files, releases.flatMap(({ values = [] }) => values).map((file) => `dependencies/${file}`).sort());
  for (const { chart, version, values = [] } of releases) {
    for (const file of values) {
      const text = readManifestFile(`dependencies/${file}`);
      assert.ok(text.startsWith(`# Chart ${chart.replace(/.*\//, '')} ${version}`), file);
      assert.match(text, /limits: \{ cpu: .+, memory: .+ \}/, file);
    }
  }
});

test('NATS and Redis survive the loss of one of theirs', () => {
  const nats = parse(readManifestFile('dependencies/nats.values.yaml')) as { config: { cluster: { enabled: boolean; replicas: number } } };
  const redis = parse(readManifestFile('dependencies/redis.values.yaml')) as { replicas: number; sentinel: { quorum: number }; auth: boolean };
  assert.deepEqual(nats.config.cluster, { enabled: true, replicas: 3 });
  assert.deepEqual([redis.replicas, redis.sentinel.quorum, redis.auth], [3, 2, true]);
});

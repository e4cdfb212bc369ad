import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { documentsIn, OVERLAYS, readManifestFile, renderedManifests, sourceFiles, type Manifest } from './manifest-files-fixture.ts';
import { objections } from './strict-schema-fixture.ts';

const isOfKustomize = (file: string): boolean => file.endsWith('kustomization.yaml') || file.startsWith('dependencies');
/** Patches hold what they change alone: they are checked as part of what they change. */
const isPatch = (file: string): boolean => file.startsWith('components/production') || /^overlays\/[a-z]+\/ingress\.yaml$/.test(file);
const files = sourceFiles('.yaml').filter((file) => !isOfKustomize(file) && !isPatch(file));

describe('manifests', () => {
  for (const file of files) {
    test(`${file} is as the schemas of its kinds say, without a field they do not know`, () => {
      const documents = documentsIn(readManifestFile(file));
      assert.ok(documents.length > 0);
      assert.deepEqual(documents.flatMap(objections), []);
    });
  }

  for (const overlay of OVERLAYS) {
    test(`so is all that overlay ${overlay} applies`, () => {
      assert.deepEqual(renderedManifests(overlay).flatMap(objections), []);
    });
  }

  test('two objects of an overlay never have the same kind and name', () => {
    for (const overlay of OVERLAYS) {
      const names = renderedManifests(overlay).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
      assert.deepEqual(names.filter((name, at) => names.indexOf(name) !== at), []);
    }
  });
});

describe('a mistake in a manifest is noticed', () => {
  for (const manifest of [...renderedManifests('production-keda'), ...renderedManifests('production')]) {
    test(`an unknown field at any depth of ${manifest.kind} ${manifest.metadata.name}`, () => {
      const copy = structuredClone(manifest);
      for (const [path, parent] of objectsIn(copy, manifest.kind, copy)) {
        if (HOLDS_ANY_KEY.test(path)) continue;
        parent['unknownField'] = {};
        const said = objections(rootOf(parent));
        delete parent['unknownField'];
        assert.ok(said.some((line) => line.includes('unknownField')), `${path}: ${said.join()}`);
      }
    });
  }

  test('a value of the wrong type, a missing field, a kind that nobody knows', () => {
    const service = renderedManifests('production').find(({ kind }) => kind === 'Service');
    assert.ok(service);
    assert.match(objections({ ...service, spec: { ports: [{ port: 'eighty' }] } }).join(), /port.*must be integer/s);
    assert.match(objections({ ...service, spec: { ports: [{ name: 'http' }] } }).join(), /must have required property port/);
    assert.deepEqual(objections({ apiVersion: 'v2', kind: 'Service' }), ['no schema for v2 Service']);
  });
});

/** Maps from any text to text; `status` of nothing that is applied. */
const HOLDS_ANY_KEY = /\.(labels|annotations|matchLabels|selector|data|limits|requests|metadata\.\d+|triggers\.\d+\.metadata)$/;
const roots = new WeakMap<object, Manifest>();
function rootOf(value: object): Manifest {
  const root = roots.get(value);
  assert.ok(root);
  return root;
}

function objectsIn(value: object, path: string, root: Manifest): [string, Record<string, unknown>][] {
  roots.set(value, root);
  const within = Object.entries(value).flatMap(([key, field]: [string, unknown]) => (typeof field === 'object' && field !== null ? objectsIn(field, `${path}.${key}`, root) : []));
  return Array.isArray(value) ? within : [[path, value as Record<string, unknown>], ...within];
}

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { documentsIn, K8S_FOLDER, OVERLAYS, RENDERED_FOLDER } from './manifest-files-fixture.ts';
import { hasKubectl, HOW_TO_WRITE, prometheusRuleText, rendered, sourcesDigest, WRITES } from './rendering-fixture.ts';

const RULES_FILE = join(K8S_FOLDER, 'components', 'monitoring', 'rules.yaml');
const isHere = hasKubectl();

test(`the PrometheusRule holds the rules of deploy/prometheus (${HOW_TO_WRITE})`, () => {
  if (WRITES) writeFileSync(RULES_FILE, prometheusRuleText());
  assert.equal(readFileSync(RULES_FILE, 'utf8'), prometheusRuleText());
});

for (const overlay of OVERLAYS) {
  const file = join(RENDERED_FOLDER, `${overlay}.yaml`);
  const head = (): string => `# What kubectl kustomize k8s/overlays/${overlay} says: ${HOW_TO_WRITE}\n# Sources: sha256 ${sourcesDigest()}\n`;

  test(`overlay ${overlay} was rendered after its sources were last changed`, () => {
    if (WRITES) writeFileSync(file, head() + rendered(overlay));
    assert.ok(readFileSync(file, 'utf8').startsWith(head()), `render it anew: ${HOW_TO_WRITE}`);
  });

  test(`kubectl renders overlay ${overlay} as it is committed`, { skip: !isHere && 'no kubectl with kustomize 5 on this machine; the digest of the sources was compared' }, () => {
    assert.deepEqual(documentsIn(rendered(overlay)), documentsIn(readFileSync(file, 'utf8')));
  });
}

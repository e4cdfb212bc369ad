import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify, parse } from 'yaml';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { K8S_FOLDER, readManifestFile, sourceFiles, type Overlay } from './manifest-files-fixture.ts';

const PROGRAM = 'kubectl';

/** Set to 1, the tests of this folder write what is generated instead of comparing it. */
export const WRITES = process.env['WRITE_MANIFESTS'] === '1';
/** How that is typed, for the message of a test that fails. */
export const HOW_TO_WRITE = 'WRITE_MANIFESTS=1 node --test dist/deploy/manifests/generated.test.js';

/** Whether there is a kubectl whose kustomize knows what the overlays use: 5, of kubectl 1.27. */
export function hasKubectl(): boolean {
  const { stdout } = spawnSync(PROGRAM, ['version', '--client'], { encoding: 'utf8' });
  return /Kustomize Version: v[5-9]\./.test(stdout);
}

/** What an overlay comes to; throws what kustomize says. */
export function rendered(overlay: Overlay): string {
  const { stdout, stderr, status } = spawnSync(PROGRAM, ['kustomize', join(K8S_FOLDER, 'overlays', overlay)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kubectl kustomize ${overlay}: ${stderr}`);
  return stdout;
}

/** Of every file that rendering reads, so that where there is no kubectl an overlay that was not rendered anew is still noticed. */
export function sourcesDigest(): string {
  const hash = createHash('sha256');
  for (const file of [...sourceFiles('.yaml'), ...sourceFiles('.env')].filter((name) => !name.startsWith('dependencies'))) {
    hash.update(`${file}\n${readManifestFile(file)}\n`);
  }
  return hash.digest('hex');
}

/** The rules of deploy/prometheus as a PrometheusRule. */
export function prometheusRuleText(): string {
  const groups = ['recording', 'alerting'].flatMap((kind) => {
    const { groups: read } = parse(readFileSync(join(packageRoot(), 'deploy', 'prometheus', `${kind}.rules.yml`), 'utf8')) as { groups: unknown[] };
    return read;
  });
  const rule = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'voxfleet', labels: { 'app.kubernetes.io/name': 'voxfleet' } },
    spec: { groups },
  };
  return `# Made of deploy/prometheus/*.rules.yml; change those, then: ${HOW_TO_WRITE}\n${stringify(rule, { lineWidth: 0 })}`;
}

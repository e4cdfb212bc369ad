import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IConfigMap } from 'kubernetes-models/v1';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { ofKind, onlyContainer, type Manifest, type Workload } from './manifest-files-fixture.ts';

export type Tier = 'gateway' | 'worker';

/** Settings of a tier by name with their defaults, from the tables of the README, which a test holds to the code. */
export function settingsOf(tier: Tier): ReadonlyMap<string, string> {
  const readme = readFileSync(join(packageRoot(), 'README.md'), 'utf8');
  const tables = ['shared', tier].map((name) => new RegExp(`<!-- table: ${name} settings -->\\n([\\s\\S]*?)<!-- end -->`).exec(readme)?.[1] ?? '');
  const rows = [...tables.join('').matchAll(/^\| `([A-Z_]+)` \| (?:`(.*?)`)? \|/gm)];
  return new Map(rows.map(([, name = '', fallback = '']) => [name, fallback]));
}

export function tierOf(workload: Workload): Tier {
  const tier = workload.metadata.labels?.['app.kubernetes.io/component'];
  if (tier !== 'gateway' && tier !== 'worker') throw new Error(`${workload.metadata.name} is of no tier`);
  return tier;
}

/** What the process gets as its environment, without secrets. Throws where a ConfigMap that it names is not there. */
export function environmentOf(workload: Workload, manifests: readonly Manifest[]): ReadonlyMap<string, string> {
  const { envFrom = [], env = [] } = onlyContainer(workload);
  const maps = envFrom.flatMap(({ configMapRef }) => (configMapRef?.name === undefined ? [] : [configMapRef.name]));
  const fromMaps = maps.flatMap((name) => {
    const found = ofKind<IConfigMap>(manifests, 'ConfigMap').find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw new Error(`${workload.metadata.name} wants ConfigMap ${name}, which is not there`);
    return Object.entries(found.data ?? {});
  });
  return new Map([...fromMaps, ...env.map(({ name, value }): [string, string] => [name, value ?? ''])]);
}

/** A setting as the process sees it: of its environment, else the default. */
export function settingOf(name: string, workload: Workload, manifests: readonly Manifest[]): number {
  const value = environmentOf(workload, manifests).get(name) ?? settingsOf(tierOf(workload)).get(name);
  if (value === undefined || value === '') throw new Error(`nothing says what ${name} is for ${workload.metadata.name}`);
  return Number(value);
}

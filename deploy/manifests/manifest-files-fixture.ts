import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { IDeployment, IStatefulSet } from 'kubernetes-models/apps/v1';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../../shared/runtime/package-root.ts';

/** Where the manifests are. */
export const K8S_FOLDER = join(packageRoot(), 'k8s');
/** What `kubectl kustomize` makes of each overlay is committed here. */
export const RENDERED_FOLDER = join(K8S_FOLDER, 'rendered');
export const OVERLAYS = ['dev', 'production', 'production-keda', 'canary'] as const;
export type Overlay = (typeof OVERLAYS)[number];

/** One document of a manifest file; what else it holds depends on its kind. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

/** The documents of a text; throws where it is not YAML, or says a key twice. */
export function documentsIn(text: string): Manifest[] {
  return parseAllDocuments(text, { merge: true }).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS() as Manifest;
  });
}

/** Every file below `k8s/` whose name ends so, relative to it, sorted; without what is rendered. */
export function sourceFiles(ending: string): string[] {
  return readdirSync(K8S_FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending) && !file.startsWith(relative(K8S_FOLDER, RENDERED_FOLDER)))
    .sort();
}

export function readManifestFile(file: string): string {
  return readFileSync(join(K8S_FOLDER, file), 'utf8');
}

/** What an overlay applies, as committed. */
export function renderedManifests(overlay: Overlay): Manifest[] {
  return documentsIn(readFileSync(join(RENDERED_FOLDER, `${overlay}.yaml`), 'utf8'));
}

/** Those of one kind; the caller names the type of that kind. */
export function ofKind<T>(manifests: readonly Manifest[], kind: string): (T & Manifest)[] {
  return manifests.filter((manifest) => manifest.kind === kind) as (T & Manifest)[];
}

export type Workload = (IDeployment | IStatefulSet) & Manifest;
type PodSpec = NonNullable<NonNullable<NonNullable<IDeployment['spec']>['template']>['spec']>;
export type Container = PodSpec['containers'][number];

/** What runs pods. */
export function workloadsOf(manifests: readonly Manifest[]): Workload[] {
  return [...ofKind<IDeployment>(manifests, 'Deployment'), ...ofKind<IStatefulSet>(manifests, 'StatefulSet')];
}

/** Throws where the workload has no pod. */
export function podOf({ spec, metadata }: Workload): PodSpec {
  if (spec?.template.spec === undefined) throw new Error(`${metadata.name} has no pod`);
  return spec.template.spec;
}

/** Of the process itself; throws where there are several containers, of which none is it. */
export function onlyContainer(workload: Workload): Container {
  const [container, ...others] = podOf(workload).containers;
  if (container === undefined || others.length > 0) throw new Error(`${workload.metadata.name} has not exactly one container`);
  return container;
}

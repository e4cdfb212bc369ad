import type { Manifest } from './manifest-files-fixture.ts';

type Fields = Record<string, unknown>;

/** What a server of Kubernetes 1.20 has under another version. */
const OLDER_VERSIONS: Readonly<Record<string, string>> = {
  'policy/v1/PodDisruptionBudget': 'policy/v1beta1',
  'autoscaling/v2/HorizontalPodAutoscaler': 'autoscaling/v2beta2',
};

/**
 * Manifests as a server of Kubernetes 1.20 takes them, for `.ci/cluster`, whose server is no newer; everything that server knows
 * stays as it is. Budgets and autoscalers get the version they had, budgets lose what they say of unhealthy pods (1.26), and
 * `preStop.sleep` (1.29) becomes a command.
 */
export function forOlderServer(manifests: readonly Manifest[]): Manifest[] {
  return manifests.map((manifest) => {
    const older = structuredClone(manifest) as Manifest & { apiVersion: string; spec?: Fields };
    older.apiVersion = OLDER_VERSIONS[`${manifest.apiVersion}/${manifest.kind}`] ?? manifest.apiVersion;
    if (manifest.kind === 'PodDisruptionBudget') delete older.spec?.['unhealthyPodEvictionPolicy'];
    for (const container of containersOf(older.spec)) replaceSleep(container);
    return older;
  });
}

interface PodTemplate {
  readonly template?: { readonly spec?: { readonly containers?: readonly Fields[] } };
}

function containersOf(spec: PodTemplate | undefined): readonly Fields[] {
  return spec?.template?.spec?.containers ?? [];
}

function replaceSleep(container: Fields): void {
  const lifecycle = container['lifecycle'] as { preStop?: { sleep?: { seconds: number } } } | undefined;
  const seconds = lifecycle?.preStop?.sleep?.seconds;
  if (seconds !== undefined) container['lifecycle'] = { ...lifecycle, preStop: { exec: { command: ['sleep', String(seconds)] } } };
}

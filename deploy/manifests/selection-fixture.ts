import type { Workload } from './manifest-files-fixture.ts';

type Labels = Readonly<Record<string, string>>;

/** Whether a selector of labels selects something with these; one that names none selects nothing here. */
export function includes(labels: Labels, selector: Labels | null | undefined): boolean {
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

/** Labels of the pods of a workload. */
export function podLabelsOf({ spec }: Workload): Labels {
  return spec?.template.metadata?.labels ?? {};
}

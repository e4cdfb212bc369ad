import type { Readings } from '../../shared/protocol/process-stats.ts';

/** One number of readings, 0 where it is not there; without a label the sum over all of them. */
export function levelOf(readings: Readings, name: string, label?: string): number {
  const values = readings[name] ?? {};
  return label === undefined ? Object.values(values).reduce((sum, value) => sum + value, 0) : (values[label] ?? 0);
}

/** The numbers of a name by label, those at 0 left out. */
export function countedBy(readings: Readings, name: string): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(readings[name] ?? {}).filter(([, value]) => value !== 0));
}

/** A number with three digits behind the point at most: what is answered is read by people. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

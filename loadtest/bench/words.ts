import type { LatencySummary } from '../load/latency-recorder.ts';

/** Milliseconds with as many digits as say something. */
export function ms(value: number): string {
  if (Number.isNaN(value)) return 'not measured';
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** A ratio. */
export function times(value: number): string {
  return Number.isNaN(value) ? 'not measured' : `${value.toFixed(2)} ×`;
}

/** A count with thousands marked. */
export function count(value: number): string {
  return Number.isNaN(value) ? 'not measured' : Math.round(value).toLocaleString('en-US');
}

/** Percentiles in short. */
export function percentiles({ p50Ms, p99Ms }: LatencySummary): string {
  return `p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}`;
}

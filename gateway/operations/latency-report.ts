import { LATENCY_STAGES } from '../../shared/protocol/agent-event.ts';
import { latencyPercentileS, meanLatencyS, NO_LATENCIES, type LatencyCounts } from '../../shared/runtime/latency-histogram.ts';
import type { FleetTotals } from './fleet-stats.ts';
import { rounded } from './levels.ts';

/** A latency in milliseconds; null where nothing was measured. */
export interface LatencySummary {
  readonly count: number;
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export function latencySummary(counts: LatencyCounts = NO_LATENCIES): LatencySummary {
  const percentile = (share: number): number | null => milliseconds(latencyPercentileS(counts, share));
  return { count: counts.count, mean: milliseconds(meanLatencyS(counts)), p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99) };
}

/** Each part of mouth-to-ear, in the order in which they happen; their means add up to the mean of the whole. */
export function stageSummaries({ latencies }: FleetTotals): Readonly<Record<string, LatencySummary>> {
  return Object.fromEntries(LATENCY_STAGES.map((stage) => [stage, latencySummary(latencies['stage']?.[stage])]));
}

/** By label value, such as lane or engine. */
export function summariesBy({ latencies }: FleetTotals, name: string): Readonly<Record<string, LatencySummary>> {
  return Object.fromEntries(Object.entries(latencies[name] ?? {}).map(([label, counts]) => [label, latencySummary(counts)]));
}

/** End of the caller's speech to first agent audio on the socket. */
export function mouthToEar({ latencies }: FleetTotals): LatencySummary {
  return latencySummary(latencies['mouth_to_ear']?.['']);
}

function milliseconds(seconds: number | undefined): number | null {
  return seconds === undefined ? null : rounded(seconds * 1000);
}

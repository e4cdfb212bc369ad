import type { LatencyCounts } from '../runtime/latency-histogram.ts';
import type { LifecycleState } from '../runtime/lifecycle.ts';

/** How often a process says how it is. */
export const STATS_INTERVAL_MS = 1000;

export type Tier = 'gateway' | 'worker';

/** Numbers by name and, inside, by label value ('' for the one number of a name without labels). Names are closed sets. */
export type Readings = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Latencies by name and label value, as `Readings`. */
export type LatencyReadings = Readonly<Record<string, Readonly<Record<string, LatencyCounts>>>>;

/** How a process itself fares. */
export interface ProcessVitals {
  readonly rssBytes: number;
  /** The most that was resident since the process started. */
  readonly peakRssBytes: number;
  readonly heapBytes: number;
  /** User and system time since the process started. */
  readonly cpuSeconds: number;
  /** How late timers were since the vitals before these. */
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly gcCount: number;
  readonly gcSeconds: number;
}

/**
 * What each process publishes on `vox.stats` once a second, as msgpack: counters and histograms are cumulative since its
 * start, so that a lost one costs nothing. Nothing of single calls is in it.
 */
export interface ProcessStats {
  /** GATEWAY_ID or WORKER_ID: the same after a restart. */
  readonly processId: string;
  /** This start of the process. */
  readonly incarnation: string;
  readonly tier: Tier;
  /** 'stopped' in the last one. */
  readonly state: LifecycleState;
  readonly version: string;
  /** Milliseconds since the epoch by the process's own clock, as is `atMs`. */
  readonly startedAtMs: number;
  readonly atMs: number;
  /** Counts those published by this process, from 1: every listener keeps the same ones. */
  readonly no: number;
  readonly vitals: ProcessVitals;
  readonly counters: Readings;
  readonly gauges: Readings;
  readonly latencies: LatencyReadings;
}

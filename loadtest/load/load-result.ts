import type { LatencySummary } from './latency-recorder.ts';
import type { LoadRun } from './load-run.ts';
import type { Machine } from './machine.ts';
import type { SeriesResult } from './measured-run.ts';
import type { ProcessSample } from './process-sampler.ts';
import type { Verdict } from './verdicts.ts';

/** What the file format is called; another number is another format. */
export const RESULT_VERSION = 1;

/** How much was counted a second, in one window. */
export interface CountWindow {
  readonly atS: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** One step of a ramp. */
export interface RampStep {
  readonly callers: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly errorRate: number;
  readonly latenessP99Ms: number;
  /** Of one core each, by process. */
  readonly cpuPercent: Readonly<Record<string, number>>;
  readonly isGood: boolean;
  /** Why not. */
  readonly why: string;
  /** Whether it was not carried at first: then this is the second try. */
  readonly wasRepeated: boolean;
}

/** Memory after so many connections stand. */
export interface MemoryStep {
  readonly connections: number;
  readonly privateBytes: number;
}

/** A number worth a line of its own. */
export interface Figure {
  readonly name: string;
  readonly value: string;
}

/** Everything one run of the tool came to: `result.json`. A baseline is the same with less in it. */
export interface LoadResult {
  readonly version: typeof RESULT_VERSION;
  readonly scenario: string;
  readonly words: string;
  readonly command: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly machine: Machine;
  readonly callers: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly seed: number;
  readonly generators: number;
  readonly fleet: readonly string[];
  readonly headline: string;
  readonly seriesWords: Readonly<Record<string, string>>;
  readonly series: Readonly<Record<string, SeriesResult>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly countWindows: readonly CountWindow[];
  readonly lateness: LatencySummary;
  readonly processes: readonly { readonly name: string; readonly samples: readonly ProcessSample[] }[];
  readonly steps: readonly RampStep[];
  readonly memory: readonly MemoryStep[];
  readonly figures: readonly Figure[];
  readonly verdicts: readonly Verdict[];
  readonly faults: readonly string[];
}

/** The parts of a result that one load gives. */
export function resultOfRun({ measured, processes }: LoadRun): Pick<LoadResult, 'series' | 'counts' | 'countWindows' | 'lateness' | 'processes' | 'faults'> {
  return {
    series: measured.series, counts: measured.counts, lateness: measured.lateness, faults: measured.faults,
    countWindows: measured.rates,
    processes: processes.map(({ name, samples }) => ({ name, samples })),
  };
}

/** The same without what only plots need: small enough to be committed. */
export function baselineOf(result: LoadResult): LoadResult {
  const series = Object.fromEntries(Object.entries(result.series).map(([name, { summary, windows }]) => [name, { summary: rounded(summary), bars: [], windows: windows.map(rounded) }]));
  const processes = result.processes.map(({ name, samples }) => ({ name, samples: samples.filter((_, at) => at % 5 === 0) }));
  return { ...result, series, lateness: rounded(result.lateness), processes, countWindows: [], faults: result.faults.slice(0, 5) };
}

/** Milliseconds to the microsecond. */
function rounded<T extends object>(values: T): T {
  const entries = Object.entries(values).map(([name, value]) => [name, typeof value === 'number' ? Math.round(value * 1000) / 1000 : value] as const);
  return { ...values, ...Object.fromEntries(entries) };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetUnderLoad } from './fleet-under-load.ts';
import { Generators } from './generators.ts';
import { WINDOW_MS, type GeneratorJob } from './generator-messages.ts';
import { MeasuredRun } from './measured-run.ts';
import { ProcessSampler, type WatchedProcess } from './process-sampler.ts';
import type { WorkloadPart } from './workload.ts';

/** After the last second of a run, how long its windows may take to come. */
const SETTLE_MS = 50;

export interface LoadRunOptions {
  readonly fleet: FleetUnderLoad;
  readonly workload: string;
  readonly callers: number;
  readonly generators: number;
  /** What generators are told; they are given their part of the callers. */
  readonly options: Omit<WorkloadPart, 'urls' | 'callers' | 'firstCaller' | 'share'>;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Whether the load comes to an end by itself; `seconds` is the most it may take then. */
  readonly isFinite: boolean;
  /** Hears once a second how it is going. */
  readonly onSecond: (at: number, run: MeasuredRun, processes: readonly WatchedProcess[]) => void;
}

/** What one load on a fleet came to. */
export interface LoadRun {
  readonly measured: MeasuredRun;
  readonly processes: readonly WatchedProcess[];
  /** From the start of the load until it was stopped; what was under way then came to its end afterwards. */
  readonly tookMs: number;
  /** What was counted in that time. */
  readonly countsInTime: Readonly<Record<string, number>>;
}

/** Puts load on a fleet for a while. Throws GeneratorError where load could not be made. */
export async function runLoad(options: LoadRunOptions): Promise<LoadRun> {
  const measured = new MeasuredRun(options.warmupSeconds);
  const generators = new Generators(jobsOf(options), (at, window, isWhole) => measured.take(at, window, isWhole));
  try {
    await generators.ready();
    const own = generators.pids.map((pid, at) => ({ name: `generator-${at + 1}`, pid }));
    const sampler = new ProcessSampler([...options.fleet.processes, ...own]);
    const startedMs = performance.now();
    generators.start();
    const windows = await untilOver(options, generators, (at) => {
      sampler.sample(at);
      options.onSecond(at, measured, sampler.processes);
    });
    const tookMs = performance.now() - startedMs;
    await generators.stop();
    return { measured, processes: sampler.processes, tookMs, countsInTime: measured.countsWithin(windows) };
  } finally {
    generators.end();
  }
}

/** Calls `onSecond` once a second until the load is over; answers how many of its windows were in time, where it did not end by itself. */
async function untilOver({ seconds, isFinite }: LoadRunOptions, generators: Generators, onSecond: (at: number) => void): Promise<number> {
  const finished = generators.finished().then(() => 'over' as const);
  const startedMs = performance.now();
  for (let at = 0; at < seconds; at += 1) {
    const nextMs = startedMs + (at + 1) * WINDOW_MS + SETTLE_MS - performance.now();
    const second = sleep(nextMs, 'second' as const);
    // A generator that fails ends the wait: `finished` rejects.
    const first = await Promise.race([second, isFinite ? finished : finished.then(() => second)]);
    if (first === 'over') return Number.POSITIVE_INFINITY;
    onSecond(at);
  }
  return seconds;
}

function jobsOf({ fleet, workload, callers, generators, options }: LoadRunOptions): GeneratorJob[] {
  const count = Math.min(generators, callers);
  return Array.from({ length: count }, (_, at) => {
    const firstCaller = Math.floor((callers * at) / count);
    const ours = Math.floor((callers * (at + 1)) / count) - firstCaller;
    return { workload, options: { ...options, urls: fleet.urls, callers: ours, firstCaller, share: 1 / count } };
  });
}

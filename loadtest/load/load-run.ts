import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetUnderLoad } from './fleet-under-load.ts';
import { Generators } from './generators.ts';
import type { GeneratorJob } from './generator-messages.ts';
import { MeasuredRun } from './measured-run.ts';
import { ProcessSampler, type WatchedProcess } from './process-sampler.ts';
import type { WorkloadPart } from './workload.ts';

const SECOND_MS = 1000;
/** The classic check is over within a second or two: whole seconds would show nothing of it. */
const FINITE_WINDOW_MS = 200;
/** After the end of a window, how long what was measured in it may take to come: a busy machine is late with that, too. */
const TOLD_WITHIN_MS = 1000;
const LOOK_EVERY_MS = 10;

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
  /** Hears after each window how it is going. */
  readonly onWindow: (at: number, run: MeasuredRun, processes: readonly WatchedProcess[]) => void;
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
  const measured = new MeasuredRun(options.warmupSeconds, windowMsOf(options));
  const generators = new Generators(jobsOf(options), (at, window, isWhole) => measured.take(at, window, isWhole));
  try {
    await generators.ready();
    const own = generators.pids.map((pid, at) => ({ name: `generator-${at + 1}`, pid }));
    const sampler = new ProcessSampler([...options.fleet.processes, ...own]);
    const startedMs = performance.now();
    generators.start();
    const windows = await untilOver(options, generators, async (at) => {
      sampler.sample(measured.secondsAfter(at - 1));
      await told(measured, at, generators.pids.length);
      options.onWindow(at, measured, sampler.processes);
    });
    const tookMs = Math.min(options.seconds * SECOND_MS, performance.now() - startedMs);
    await generators.stop();
    return { measured, processes: sampler.processes, tookMs, countsInTime: measured.countsWithin(windows) };
  } finally {
    generators.end();
  }
}

function windowMsOf({ isFinite }: LoadRunOptions): number {
  return isFinite ? FINITE_WINDOW_MS : SECOND_MS;
}

/** Calls `onWindow` after each window until the load is over; answers how many windows were in time, where it did not end by itself. */
async function untilOver(options: LoadRunOptions, generators: Generators, onWindow: (at: number) => Promise<void>): Promise<number> {
  const finished = generators.finished().then(() => 'over' as const);
  const startedMs = performance.now();
  const windowMs = windowMsOf(options);
  const windows = (options.seconds * SECOND_MS) / windowMs;
  for (let at = 0; at < windows; at += 1) {
    const window = sleep(startedMs + (at + 1) * windowMs - performance.now(), 'window' as const);
    // A generator that fails ends the wait: `finished` rejects.
    const first = await Promise.race([window, options.isFinite ? finished : finished.then(() => window)]);
    if (first === 'over') return Number.POSITIVE_INFINITY;
    await onWindow(at);
  }
  return windows;
}

/** Resolves when all generators told what they measured in window `at`, or did not for too long. */
async function told(measured: MeasuredRun, at: number, generators: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < TOLD_WITHIN_MS && measured.toldAt(at) < generators; waitedMs += LOOK_EVERY_MS) await sleep(LOOK_EVERY_MS);
}

function jobsOf(run: LoadRunOptions): GeneratorJob[] {
  const { fleet, workload, callers, generators, options } = run;
  const count = Math.min(generators, callers);
  return Array.from({ length: count }, (_, at) => {
    const firstCaller = Math.floor((callers * at) / count);
    const ours = Math.floor((callers * (at + 1)) / count) - firstCaller;
    return { workload, options: { ...options, urls: fleet.urls, callers: ours, firstCaller, share: 1 / count }, windowMs: windowMsOf(run) };
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetUnderLoad } from './fleet-under-load.ts';
import { Generators } from './generators.ts';
import type { LoadOptions } from './load-options.ts';
import { resultOfRun, type Figure, type LoadResult, type MemoryStep } from './load-result.ts';
import type { LatencySummary } from './latency-recorder.ts';
import { runLoad, type LoadRun } from './load-run.ts';
import { MeasuredRun } from './measured-run.ts';
import { privateBytes, ProcessSampler } from './process-sampler.ts';
import type { ProgressView } from './progress.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { closedLoopLateMs, errorVerdict, latenessVerdict, lossVerdict, type Verdict } from './verdicts.ts';

/** What a plan adds to a result: everything that is not known before it begins. */
export type PlanResult = Pick<LoadResult, 'series' | 'counts' | 'countWindows' | 'lateness' | 'processes' | 'faults' | 'steps' | 'memory' | 'figures' | 'verdicts'>;

/** Batches in which idle connections are opened. */
const BATCHES = 5;
/** Before the memory of a process is read. */
const REST_MS = 1500;
const MS_PER_S = 1000;

/** One load for as long as it takes. */
export async function runSteady(options: LoadOptions, fleet: FleetUnderLoad, view: ProgressView): Promise<PlanResult> {
  const before = await fleet.counts();
  const run = await loadOn(options, fleet, view, options.callers);
  const after = await fleet.counts();
  const scenario = SCENARIOS[options.scenario];
  const counts = run.measured.counts;
  const isClosedLoop = scenario.plan === 'finite' && options.rate === 0;
  const mostLateMs = isClosedLoop ? closedLoopLateMs(options.lateMs, run.measured.series[scenario.headline]?.summary) : options.lateMs;
  const verdicts: Verdict[] = [latenessVerdict(run.measured.lateness, mostLateMs), errorVerdict(counts, scenario.tried)];
  const sent = ['frames sent', 'frames to open', 'bulk frames sent', 'bulk frames to open'].reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  if (before !== undefined && after !== undefined && sent > 0) {
    verdicts.push(lossVerdict(sent, after.audioTaken - before.audioTaken, 'frame of a caller'), { expected: 'nothing was shed', measured: `${after.shed - before.shed} frames`, isGood: after.shed === before.shed });
  }
  if (counts['frames heard'] !== undefined) verdicts.push(lossVerdict(counts['frames sent'] ?? 0, counts['frames heard'], 'echo'));
  return { ...resultOfRun(run), steps: [], memory: [], figures: figuresOf(options, scenario, run), verdicts };
}

/** One run of a scenario's load with so many callers. */
export async function loadOn(options: LoadOptions, fleet: FleetUnderLoad, view: ProgressView, callers: number): Promise<LoadRun> {
  const { scenario: name, seconds, warmupSeconds, seed, rate, apiKey, messages, inFlight } = options;
  const { workload, plan, headline } = SCENARIOS[name];
  const voice = name === 'capacity' ? 'recorded' : 'tone';
  return runLoad({
    fleet, workload, callers, generators: options.generators, seconds, warmupSeconds, isFinite: plan === 'finite',
    options: { apiKey, seed, rate, extra: { messages, inFlight, voice, seconds } },
    onWindow: (at, run, processes) => view.window({ title: rate > 0 ? `${name}, ${rate} a second` : `${name}, ${callers} ${callers === 1 ? 'caller' : 'callers'}`, at, seconds, headline, run, processes }),
  });
}

/** Opens connections in batches and reads the gateways' memory after each, when they have rested for `restMs`. */
export async function runBatches(options: LoadOptions, fleet: FleetUnderLoad, view: ProgressView, restMs = REST_MS): Promise<PlanResult> {
  const measured = new MeasuredRun(0);
  const sampler = new ProcessSampler(fleet.processes);
  const startedMs = performance.now();
  const opened: Generators[] = [];
  const memory: MemoryStep[] = [];
  const note = async (connections: number): Promise<void> => {
    await sleep(restMs);
    const isCollected = await fleet.collectGarbage();
    if (isCollected) await sleep(restMs / 3);
    const bytes = fleet.gatewayPids.reduce((sum, pid) => sum + (privateBytes(pid) ?? 0), 0);
    sampler.sample((performance.now() - startedMs) / MS_PER_S);
    memory.push({ connections, privateBytes: bytes });
    view.say(`${String(connections).padStart(7)} connections, gateways ${(bytes / 1e6).toFixed(1)} MB${isCollected ? '' : ', garbage included'}`);
  };
  try {
    await note(0);
    for (let batch = 1; batch <= BATCHES; batch += 1) {
      const callers = Math.ceil(options.callers / BATCHES);
      const { apiKey, seed, rate } = options;
      const job = { workload: 'idle', options: { urls: fleet.urls, apiKey, callers, firstCaller: (batch - 1) * callers, seed, rate, share: 1, extra: {} }, windowMs: MS_PER_S };
      const generators = new Generators([job], (at, window, isWhole) => measured.take(at, window, isWhole));
      opened.push(generators);
      await generators.ready();
      await note(batch * callers);
    }
    await sleep(options.seconds * MS_PER_S);
    await note(BATCHES * Math.ceil(options.callers / BATCHES));
    await Promise.all(opened.map((generators) => generators.stop()));
  } finally {
    for (const generators of opened) generators.end();
  }
  return batchesResult(options, measured, sampler, memory);
}

function batchesResult(options: LoadOptions, measured: MeasuredRun, sampler: ProcessSampler, memory: readonly MemoryStep[]): PlanResult {
  const { counts } = measured;
  const bytes = bytesPerConnection(memory.slice(0, -1));
  const [beforeRest, afterRest] = memory.slice(-2);
  const rest = (afterRest?.privateBytes ?? 0) - (beforeRest?.privateBytes ?? 0);
  const figures: Figure[] = [
    { name: 'gateway memory a connection', value: `${(bytes / 1024).toFixed(2)} kB` },
    { name: `change in ${options.seconds} quiet seconds`, value: `${(rest / 1024).toFixed(0)} kB` },
    { name: 'connections', value: String(counts['still open'] ?? 0) },
  ];
  const verdicts = [latenessVerdict(measured.lateness, options.lateMs), errorVerdict(counts, ['connects']), { expected: 'every connection still stands at the end', measured: `${counts['still open'] ?? 0} of ${counts['connects'] ?? 0}`, isGood: counts['still open'] === counts['connects'] }];
  const processes = sampler.processes.map(({ name, samples }) => ({ name, samples }));
  return { series: measured.series, counts, countWindows: [], lateness: measured.lateness, processes, faults: measured.faults, steps: [], memory, figures, verdicts };
}

/** The slope of a straight line through all measurements but the first, which has what is only paid once. */
export function bytesPerConnection(memory: readonly MemoryStep[]): number {
  const points = memory.slice(1);
  const meanX = points.reduce((sum, { connections }) => sum + connections, 0) / Math.max(1, points.length);
  const meanY = points.reduce((sum, { privateBytes: bytes }) => sum + bytes, 0) / Math.max(1, points.length);
  const over = points.reduce((sum, { connections, privateBytes: bytes }) => sum + (connections - meanX) * (bytes - meanY), 0);
  const under = points.reduce((sum, { connections }) => sum + (connections - meanX) ** 2, 0);
  return under === 0 ? 0 : over / under;
}

function figuresOf(options: LoadOptions, scenario: Scenario, { measured, tookMs, countsInTime: counts }: LoadRun): Figure[] {
  const { series, counts: all } = measured;
  const summary = series[scenario.headline]?.summary;
  const figures: Figure[] = summary === undefined ? [] : [
    { name: `p50 ${scenario.headline}`, value: `${summary.p50Ms.toFixed(2)} ms` },
    { name: `p99 ${scenario.headline}`, value: `${summary.p99Ms.toFixed(2)} ms` },
    ...(options.scenario === 'text' ? durationsOf(summary) : []),
  ];
  for (const name of new Set(counts['frames sent'] === undefined ? scenario.tried : ['frames sent', ...scenario.tried])) {
    const perSecond = (counts[name] ?? 0) / (tookMs / MS_PER_S);
    figures.push({ name: `${name} a second`, value: perSecond < 100 ? perSecond.toFixed(1) : String(Math.round(perSecond)) });
  }
  if (options.scenario === 'mixed') {
    const [alone, beside] = ['urgent alone', 'urgent beside bulk'].map((name) => series[name]?.summary.p99Ms ?? 0);
    figures.push({ name: 'urgent p99, beside bulk ÷ alone', value: ((beside ?? 0) / Math.max(0.001, alone ?? 0)).toFixed(2) });
  }
  // Who does not read finds out that it was let go when it reads again, after the load was stopped.
  if (options.scenario === 'slow') figures.push({ name: 'slow receivers let go', value: `${all['slow receivers let go'] ?? 0} of ${all['slow receivers'] ?? 0}` });
  return figures;
}

/** What people know the classic check by. */
function durationsOf({ averageMs, maxMs, minMs }: LatencySummary): Figure[] {
  return [['average', averageMs] as const, ['max', maxMs] as const, ['min', minMs] as const].map(([name, ms]) => ({ name: `${name} duration`, value: `${ms.toFixed(1)} ms` }));
}

import type { FleetUnderLoad } from './fleet-under-load.ts';
import type { LoadOptions } from './load-options.ts';
import { resultOfRun, type RampStep } from './load-result.ts';
import type { LoadRun } from './load-run.ts';
import { loadOn, type PlanResult } from './plans.ts';
import type { WatchedProcess } from './process-sampler.ts';
import type { ProgressView } from './progress.ts';
import { SCENARIOS } from './scenarios.ts';
import { errorRateOf, MOST_ERRORS, type Verdict } from './verdicts.ts';

/** Each step has so many times the callers of the one before, until one fails. */
const GROWTH = 1.5;
/** Then the knee is looked for between the last good one and the first bad one, to within this part of it. */
const PRECISION = 0.06;
const MOST_STEPS = 16;
/** Speech is understood by engines, not by the fleet: so many turns may be misunderstood. */
const MOST_MISHEARD = 0.1;

/** The callers of the next step; undefined where the knee is known. Pure. */
export function nextCallers(steps: readonly Pick<RampStep, 'callers' | 'isGood'>[], first: number, most = Number.POSITIVE_INFINITY): number | undefined {
  const good = Math.max(0, ...steps.filter(({ isGood }) => isGood).map(({ callers }) => callers));
  const bad = Math.min(...steps.filter(({ isGood, callers }) => !isGood && callers > good).map(({ callers }) => callers), Number.POSITIVE_INFINITY);
  if (steps.length === 0) return first;
  if (steps.length >= MOST_STEPS) return undefined;
  if (bad === Number.POSITIVE_INFINITY) return good >= most ? undefined : Math.min(most, Math.max(good + 1, Math.round(good * GROWTH)));
  if (bad - good <= Math.max(1, good * PRECISION)) return undefined;
  return good === 0 ? Math.floor(bad / 2) || undefined : Math.round((good + bad) / 2);
}

/** Puts more and more load on one fleet and finds how much it carries. */
export async function runRamp(options: LoadOptions, fleet: FleetUnderLoad, view: ProgressView, most: number): Promise<PlanResult> {
  const steps: RampStep[] = [];
  let best: LoadRun | undefined;
  for (let callers = nextCallers(steps, options.callers, most); callers !== undefined; callers = nextCallers(steps, options.callers, most)) {
    const { run, step } = await stepWith(options, fleet, view, callers);
    steps.push(step);
    if (step.isGood && callers >= Math.max(...steps.filter(({ isGood }) => isGood).map((one) => one.callers))) best = run;
    best ??= run;
    view.say(`${String(callers).padStart(6)} callers: p50 ${step.p50Ms.toFixed(1)} ms, p99 ${step.p99Ms.toFixed(1)} ms, errors ${(step.errorRate * 100).toFixed(3)} %  ${step.isGood ? 'carried' : `NOT carried: ${step.why}`}`);
  }
  if (best === undefined) throw new RangeError('a ramp has at least one step');
  return { ...resultOfRun(best), steps, memory: [], ...verdictOf(options, steps) };
}

/** A step that is not carried is tried again: on a shared machine others may have been the reason. */
async function stepWith(options: LoadOptions, fleet: FleetUnderLoad, view: ProgressView, callers: number): Promise<{ readonly run: LoadRun; readonly step: RampStep }> {
  const run = await loadOn(options, fleet, view, callers);
  const step = stepOf(options, run, callers);
  if (step.isGood) return { run, step };
  view.say(`${String(callers).padStart(6)} callers: ${step.why}; once more`);
  const again = await loadOn(options, fleet, view, callers);
  return { run: again, step: { ...stepOf(options, again, callers), wasRepeated: true } };
}

function stepOf(options: LoadOptions, { measured, processes }: LoadRun, callers: number): RampStep {
  const { headline, tried } = SCENARIOS[options.scenario];
  const { p50Ms = 0, p95Ms = 0, p99Ms = 0 } = measured.series[headline]?.summary ?? {};
  const isSpoken = options.scenario === 'capacity';
  const { 'transcripts wrong': misheard = 0, ...counts } = measured.counts;
  const turns = counts['turns'] ?? 0;
  const errorRate = errorRateOf(isSpoken ? counts : measured.counts, tried);
  const latenessP99Ms = measured.lateness.p99Ms;
  const tail = isSpoken ? p95Ms : p99Ms;
  const why = [
    ...(tail > options.boundMs ? [`${isSpoken ? 'p95' : 'p99'} ${tail.toFixed(1)} ms is over ${options.boundMs} ms`] : []),
    ...(errorRate >= MOST_ERRORS ? [`errors ${(errorRate * 100).toFixed(2)} %`] : []),
    ...(isSpoken && misheard > turns * MOST_MISHEARD ? [`${misheard} of ${turns} turns misunderstood`] : []),
    ...(latenessP99Ms > options.lateMs ? [`the generator was late by ${latenessP99Ms.toFixed(1)} ms`] : []),
  ].join('; ');
  return { callers, p50Ms, p95Ms, p99Ms, errorRate, latenessP99Ms, cpuPercent: meanCpu(processes), isGood: why === '', why, wasRepeated: false };
}

function meanCpu(processes: readonly WatchedProcess[]): Readonly<Record<string, number>> {
  return Object.fromEntries(processes.map(({ name, samples }) => [name, Math.round(samples.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0) / Math.max(1, samples.length))]));
}

function verdictOf(options: LoadOptions, steps: readonly RampStep[]): Pick<PlanResult, 'figures' | 'verdicts'> {
  const carried = steps.filter(({ isGood }) => isGood).sort((one, other) => one.callers - other.callers).at(-1);
  const broke = steps.filter(({ isGood, callers }) => !isGood && callers > (carried?.callers ?? 0)).sort((one, other) => one.callers - other.callers)[0];
  const fleetCpu = Object.entries(carried?.cpuPercent ?? {}).filter(([name]) => !name.startsWith('generator')).reduce((sum, [, percent]) => sum + percent, 0);
  const figures = [
    { name: 'callers carried', value: String(carried?.callers ?? 0) },
    { name: `p99 there`, value: `${(carried?.p99Ms ?? 0).toFixed(1)} ms` },
    { name: 'cores the fleet used there', value: (fleetCpu / 100).toFixed(2) },
    { name: 'callers a core of the fleet', value: fleetCpu === 0 ? '?' : String(Math.round(((carried?.callers ?? 0) * 100 * 10) / fleetCpu) / 10) },
  ];
  const isOwnLimit = broke?.why.includes('the generator was late') === true;
  const verdicts: Verdict[] = [
    { expected: `somebody is carried within ${options.boundMs} ms`, measured: carried === undefined ? 'nobody' : `${carried.callers} callers`, isGood: carried !== undefined },
    { expected: 'what gave in first was the fleet, not the generators', measured: broke === undefined ? 'nothing gave in' : broke.why, isGood: !isOwnLimit },
  ];
  return { figures, verdicts };
}

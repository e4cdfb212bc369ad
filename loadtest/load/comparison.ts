import type { LoadResult } from './load-result.ts';
import type { SeriesWindow } from './measured-run.ts';

/** One number of two runs. */
export interface Difference {
  /** Series and percentile. */
  readonly name: string;
  readonly oldMs: number;
  readonly newMs: number;
  /** New ÷ old. */
  readonly ratio: number;
  /** Differences up to this are noise. */
  readonly noiseMs: number;
  readonly verdict: 'faster' | 'slower' | 'within the noise' | 'too short to say';
}

/** A number that stands for a whole run, then and now: what it would differ by from run to run nobody knows. */
export interface FigurePair {
  readonly name: string;
  readonly old: string;
  readonly now: string;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  readonly figures: readonly FigurePair[];
  /** Why the two should not be compared, or not be trusted, where that is so. */
  readonly doubts: readonly string[];
  /** How noise was reckoned. */
  readonly rule: string;
}

/** Fewer windows than this say nothing about noise. */
const FEWEST_WINDOWS = 5;
/** A difference counts from so many standard errors on. */
const STANDARD_ERRORS = 3;
/** Less than this part of the old value is never a difference: machines drift from run to run. */
const LEAST_PART = 0.1;
/** Median absolute deviation → standard deviation, and the standard error of a median against that of a mean, of normal values. */
const MAD_TO_DEVIATION = 1.4826;
const MEDIAN_ERROR = 1.2533;

const RULE = `Each second after warming up (of text, each fifth of a second) gives one p50 and one p99. Compared are their medians over the run. A difference is called one only if it exceeds ${STANDARD_ERRORS} standard errors of both medians together (from the median absolute deviation of those, 1.2533 · 1.4826 · MAD / √n each) and ${LEAST_PART * 100} % of the old value. Seconds of one run know nothing of how a shared machine drifts between runs (20 to 40 % on the development machine): what has to be certain is measured side by side in one run, by npm run bench.`;

/** Holds two results of a scenario against each other. Pure. */
export function compareResults(old: LoadResult, now: LoadResult): Comparison {
  const names = Object.keys(now.series).filter((name) => old.series[name] !== undefined);
  const differences = names.flatMap((name) => [difference(name, 'p50', old, now), difference(name, 'p99', old, now)]);
  const figures = now.figures.flatMap(({ name, value }) => old.figures.filter((figure) => figure.name === name).map((figure) => ({ name, old: figure.value, now: value })));
  return { differences, figures, doubts: doubtsOf(old, now), rule: RULE };
}

function difference(name: string, percentile: 'p50' | 'p99', old: LoadResult, now: LoadResult): Difference {
  const [oldValues, newValues] = [valuesOf(old, name, percentile), valuesOf(now, name, percentile)];
  const [oldMs, newMs] = [median(oldValues), median(newValues)];
  const noiseMs = Math.max(LEAST_PART * oldMs, STANDARD_ERRORS * Math.hypot(standardError(oldValues), standardError(newValues)));
  const base = { name: `${name} ${percentile}`, ...pairOf(oldMs, newMs), noiseMs };
  if (Math.min(oldValues.length, newValues.length) < FEWEST_WINDOWS) {
    const [oldAllMs, newAllMs] = [old, now].map(({ series }) => series[name]?.summary[percentile === 'p50' ? 'p50Ms' : 'p99Ms'] ?? 0);
    return { ...base, ...pairOf(oldAllMs ?? 0, newAllMs ?? 0), verdict: 'too short to say' };
  }
  if (Math.abs(newMs - oldMs) <= noiseMs) return { ...base, verdict: 'within the noise' };
  return { ...base, verdict: newMs < oldMs ? 'faster' : 'slower' };
}

function pairOf(oldMs: number, newMs: number): Pick<Difference, 'oldMs' | 'newMs' | 'ratio'> {
  return { oldMs, newMs, ratio: oldMs === 0 ? 1 : newMs / oldMs };
}

function valuesOf({ series, warmupSeconds }: LoadResult, name: string, percentile: 'p50' | 'p99'): number[] {
  const value = ({ p50Ms, p99Ms }: SeriesWindow): number => (percentile === 'p50' ? p50Ms : p99Ms);
  return (series[name]?.windows ?? []).filter(({ atS }) => atS >= warmupSeconds).map(value);
}

function doubtsOf(old: LoadResult, now: LoadResult): string[] {
  const pairs: readonly (readonly [string, string | number, string | number])[] = [
    ['scenario', old.scenario, now.scenario], ['callers', old.callers, now.callers], ['seed', old.seed, now.seed], ['processor', old.machine.cpu, now.machine.cpu],
    ['cores', old.machine.cores, now.machine.cores], ['Node', old.machine.node, now.machine.node], ['fleet', old.fleet.join(' '), now.fleet.join(' ')],
  ];
  const different = pairs.filter(([, one, other]) => one !== other).map(([what, one, other]) => `${what}: ${one} then, ${other} now`);
  const late = [old, now].flatMap(({ verdicts, startedAt }) => verdicts.filter(({ expected, isGood }) => !isGood && expected.startsWith('the generators')).map(() => `the generators of ${startedAt} were late`));
  const busy = [old, now].filter(({ machine }) => machine.loadBefore > machine.cores).map(({ startedAt, machine }) => `before the run of ${startedAt} others kept the machine busy: a load of ${machine.loadBefore} on ${machine.cores} cores`);
  return [...different, ...late, ...busy];
}

/** The one in the middle; 0 of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function standardError(values: readonly number[]): number {
  const middle = median(values);
  const deviation = MAD_TO_DEVIATION * median(values.map((value) => Math.abs(value - middle)));
  return (MEDIAN_ERROR * deviation) / Math.sqrt(Math.max(1, values.length));
}

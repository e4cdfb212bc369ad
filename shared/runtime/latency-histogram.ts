/**
 * Steps of a decade: the E24 series of preferred numbers (IEC 60063) with 5.0 for 5.1, so about 10 % apart, 15 % at most.
 * Every bound of `LATENCY_BUCKETS_S` is among them: what Prometheus is told is exact.
 */
const STEPS = [1, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2, 2.2, 2.4, 2.7, 3, 3.3, 3.6, 3.9, 4.3, 4.7, 5, 5.6, 6.2, 6.8, 7.5, 8.2, 9.1];
const DECADES = [-4, -3, -2, -1, 0, 1];

/** Upper bounds of the buckets in seconds, 0.1 ms to 100 s, each included; what is longer is counted behind the last. */
export const LATENCY_BOUNDS_S: readonly number[] = [...DECADES.flatMap((exponent) => STEPS.map((step) => Number(`${step}e${exponent}`))), 100];

/** Cumulative counts of durations: plain data, so that it travels, adds up and is subtracted. */
export interface LatencyCounts {
  readonly count: number;
  readonly sumS: number;
  /** Index into `LATENCY_BOUNDS_S` and count, in turn; indexes grow, empty buckets are left out. */
  readonly buckets: readonly number[];
}

export const NO_LATENCIES: LatencyCounts = { count: 0, sumS: 0, buckets: [] };

/** Counts durations in fixed buckets: observing allocates nothing. */
export class LatencyHistogram {
  readonly #buckets = new Float64Array(LATENCY_BOUNDS_S.length + 1);
  #count = 0;
  #sumS = 0;

  /** Takes one duration in seconds; less than none is none, what is no number is passed over. */
  observe(seconds: number): void {
    if (Number.isNaN(seconds)) return;
    const index = bucketOf(seconds);
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    this.#count += 1;
    this.#sumS += Math.max(0, seconds);
  }

  /** All that was observed so far. */
  counts(): LatencyCounts {
    return { count: this.#count, sumS: this.#sumS, buckets: sparse(this.#buckets) };
  }
}

/** Several counts as one. */
export function mergedLatencies(all: readonly LatencyCounts[]): LatencyCounts {
  const buckets = new Float64Array(LATENCY_BOUNDS_S.length + 1);
  for (const one of all) add(buckets, one.buckets, 1);
  return { count: total(all, ({ count }) => count), sumS: total(all, ({ sumS }) => sumS), buckets: sparse(buckets) };
}

/** What came between two counts of one histogram. */
export function latenciesSince(later: LatencyCounts, earlier: LatencyCounts): LatencyCounts {
  const buckets = new Float64Array(LATENCY_BOUNDS_S.length + 1);
  add(buckets, later.buckets, 1);
  add(buckets, earlier.buckets, -1);
  return { count: later.count - earlier.count, sumS: later.sumS - earlier.sumS, buckets: sparse(buckets) };
}

/**
 * The duration in seconds that `share` (0 to 1) of all stay within: by nearest rank, inside the bucket in proportion, so in the
 * same bucket as the true one. Above 100 s it says 100. Undefined where nothing was counted.
 */
export function latencyPercentileS({ count, buckets }: LatencyCounts, share: number): number | undefined {
  if (count <= 0) return undefined;
  const rank = Math.max(1, Math.ceil(share * count));
  let below = 0;
  for (let at = 0; at < buckets.length; at += 2) {
    const [index = 0, inside = 0] = [buckets[at], buckets[at + 1]];
    if (below + inside >= rank) return within(index, (rank - below) / inside);
    below += inside;
  }
  return LATENCY_BOUNDS_S.at(-1);
}

/** The mean in seconds; undefined where nothing was counted. */
export function meanLatencyS({ count, sumS }: LatencyCounts): number | undefined {
  return count <= 0 ? undefined : sumS / count;
}

/** How many were at most as long as a bound, in seconds; exact for members of `LATENCY_BOUNDS_S`. */
export function countedWithin({ buckets }: LatencyCounts, boundS: number): number {
  const last = bucketOf(boundS);
  return total(pairs(buckets), ([index, count]) => (index <= last ? count : 0));
}

function within(index: number, share: number): number {
  const lower = index === 0 ? 0 : (LATENCY_BOUNDS_S[index - 1] ?? 0);
  const upper = LATENCY_BOUNDS_S[index] ?? lower;
  return lower + (upper - lower) * share;
}

/** The first bucket whose bound is not below the value. */
function bucketOf(seconds: number): number {
  let low = 0;
  let high = LATENCY_BOUNDS_S.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((LATENCY_BOUNDS_S[middle] ?? Infinity) < seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sparse(buckets: Float64Array): number[] {
  return [...buckets].flatMap((count, index) => (count === 0 ? [] : [index, count]));
}

function add(buckets: Float64Array, from: readonly number[], sign: 1 | -1): void {
  for (const [index, count] of pairs(from)) buckets[index] = (buckets[index] ?? 0) + sign * count;
}

function pairs(buckets: readonly number[]): readonly (readonly [number, number])[] {
  return Array.from({ length: buckets.length / 2 }, (_none, at) => [buckets[2 * at] ?? 0, buckets[2 * at + 1] ?? 0]);
}

function total<T>(all: readonly T[], read: (one: T) => number): number {
  return all.reduce((sum, one) => sum + read(one), 0);
}

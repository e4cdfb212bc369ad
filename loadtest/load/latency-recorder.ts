import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** Longer durations count as this: ten minutes. */
const MOST_US = 600_000_000;
/** Of each value so many digits are kept: percentiles are right to 0.1 %. */
const DIGITS = 3;

/** What many durations come to, in milliseconds. All zero where there are none. */
export interface LatencySummary {
  readonly count: number;
  readonly averageMs: number;
  readonly minMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** So many durations between `fromMs` and `toMs`. */
export interface LatencyBar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/** Durations, kept as an HDR histogram of microseconds: recorded in one process, merged in another. */
export class LatencyRecorder {
  readonly #histogram: Histogram = emptyHistogram();
  #sumUs = 0;
  /** Exact: the histogram's own are those of its buckets. */
  #leastUs = Number.POSITIVE_INFINITY;
  #mostUs = 0;

  /** What `encoded` says, all of it together. Throws where one is none of `encode`'s. */
  static merged(encoded: Iterable<string>): LatencyRecorder {
    const all = new LatencyRecorder();
    for (const one of encoded) all.add(one);
    return all;
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** Takes one duration; a negative one, which clocks can make of nothing, counts as 0. */
  record(durationMs: number): void {
    const us = Math.min(MOST_US, Math.max(0, Math.round(durationMs * 1000)));
    this.#histogram.recordValue(us);
    this.#sumUs += us;
    if (us < this.#leastUs) this.#leastUs = us;
    if (us > this.#mostUs) this.#mostUs = us;
  }

  /** Takes what another recorder encoded; empty text is nothing. Throws where it is none of `encode`'s. */
  add(encoded: string): void {
    if (encoded === '') return;
    const [sum = '', least = '', most = '', histogram = ''] = encoded.split(' ');
    this.#histogram.add(decodeFromCompressedBase64(histogram, 32, false));
    this.#sumUs += Number(sum);
    this.#leastUs = Math.min(this.#leastUs, Number(least));
    this.#mostUs = Math.max(this.#mostUs, Number(most));
  }

  /** As text for another process or a file: some hundred characters. Empty where there is nothing. */
  encode(): string {
    if (this.count === 0) return '';
    return `${this.#sumUs} ${this.#leastUs} ${this.#mostUs} ${encodeIntoCompressedBase64(this.#histogram)}`;
  }

  /** Encodes what there is and begins anew. */
  take(): string {
    const encoded = this.encode();
    if (encoded === '') return encoded;
    this.#histogram.reset();
    this.#sumUs = 0;
    this.#leastUs = Number.POSITIVE_INFINITY;
    this.#mostUs = 0;
    return encoded;
  }

  /** The duration that `percent` of all are no longer than; 0 where there are none. */
  percentileMs(percent: number): number {
    if (this.count === 0) return 0;
    return Math.min(this.#mostUs, this.#histogram.getValueAtPercentile(percent)) / 1000;
  }

  summary(): LatencySummary {
    const { count } = this;
    const [p50Ms, p90Ms, p95Ms, p99Ms, p999Ms] = [50, 90, 95, 99, 99.9].map((percent) => this.percentileMs(percent));
    return {
      count, averageMs: count === 0 ? 0 : this.#sumUs / count / 1000, minMs: count === 0 ? 0 : this.#leastUs / 1000,
      p50Ms: p50Ms ?? 0, p90Ms: p90Ms ?? 0, p95Ms: p95Ms ?? 0, p99Ms: p99Ms ?? 0, p999Ms: p999Ms ?? 0, maxMs: this.#mostUs / 1000,
    };
  }

  /** How durations are spread, in bars each `factor` times as far as the one before; empty ones at both ends are left out. */
  bars(factor: number): LatencyBar[] {
    if (this.count === 0) return [];
    const bars: LatencyBar[] = [];
    let counted = 0;
    let fromMs = 0;
    for (let toMs = Math.max(0.05, this.#leastUs / 1000 / factor); counted < this.count; toMs *= factor) {
      const upTo = this.#countUpTo(toMs);
      if (upTo > counted || bars.length > 0) bars.push({ fromMs, toMs, count: upTo - counted });
      counted = upTo;
      fromMs = toMs;
    }
    return bars;
  }

  #countUpTo(ms: number): number {
    if (ms * 1000 >= this.#mostUs) return this.count;
    // The histogram tells percentiles of counts, not counts of values: bisect.
    let [least, most] = [0, this.count];
    while (most - least > 1) {
      const middle = Math.floor((least + most) / 2);
      if (this.#histogram.getValueAtPercentile((middle / this.count) * 100) <= ms * 1000) least = middle;
      else most = middle;
    }
    return least;
  }
}

function emptyHistogram(): Histogram {
  return build({ bitBucketSize: 32, autoResize: false, lowestDiscernibleValue: 1, highestTrackableValue: MOST_US, numberOfSignificantValueDigits: DIGITS, useWebAssembly: false });
}

import { countedWithin, LatencyHistogram, type LatencyCounts } from './latency-histogram.ts';
import { Histogram, LATENCY_BUCKETS_S, type Registry } from './metrics.ts';

export interface LatencyMetricOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Label[];
  readonly registers: Registry[];
}

/** One combination of label values with what was counted for it. */
interface Series<Label extends string> {
  readonly labels: Partial<Record<Label, string>>;
  readonly histogram: LatencyHistogram;
}

/** Between the values of several labels in the name of a series. */
const SEPARATOR = '/';

/**
 * A Prometheus histogram of durations in seconds that is counted once, in fine buckets: `/metrics` is told the coarse ones of
 * `LATENCY_BUCKETS_S` when it asks, percentiles are made from the fine ones.
 */
export class LatencyMetric<Label extends string = string> extends Histogram<Label> {
  readonly #name: string;
  readonly #help: string;
  readonly #labelNames: readonly Label[];
  readonly #series = new Map<string, Series<Label>>();

  constructor({ name, help, labelNames = [], registers }: LatencyMetricOptions<Label>) {
    super({ name, help, labelNames, registers, buckets: LATENCY_BUCKETS_S });
    this.#name = name;
    this.#help = help;
    this.#labelNames = labelNames;
    // The base class sets its own on the instance.
    this.observe = (first: unknown, seconds?: number) => this.#observe(first, seconds);
    if (labelNames.length === 0) this.#of({});
  }

  /** Makes a series be there before anything is observed. */
  override zero(labels: Partial<Record<Label, string | number>>): void {
    this.#of(labels);
  }

  /** What was counted, by label values (several joined by `/`, '' where the metric has no labels). */
  counts(): Readonly<Record<string, LatencyCounts>> {
    return Object.fromEntries([...this.#series].map(([key, { histogram }]) => [key, histogram.counts()]));
  }

  /** What `get` and the registry are answered from, once a scrape. */
  getForPromString(): Promise<object> {
    const values = [...this.#series.values()].flatMap((series) => this.#lines(series));
    return Promise.resolve({ name: this.#name, help: this.#help, type: 'histogram', aggregator: 'sum', values });
  }

  #observe(first: unknown, seconds: number | undefined): void {
    if (typeof first === 'number') return this.#of({}).histogram.observe(first);
    if (seconds !== undefined) this.#of(first as Partial<Record<Label, string>>).histogram.observe(seconds);
  }

  #of(labels: Partial<Record<Label, string | number>>): Series<Label> {
    const key = this.#keyOf(labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const made = { labels: labels as Partial<Record<Label, string>>, histogram: new LatencyHistogram() };
    this.#series.set(key, made);
    return made;
  }

  /** Per frame there is one label, whose value is the key as it is. */
  #keyOf(labels: Partial<Record<Label, string | number>>): string {
    const only = this.#labelNames[0];
    if (only === undefined) return '';
    if (this.#labelNames.length === 1) return String(labels[only]);
    return this.#labelNames.map((name) => String(labels[name])).join(SEPARATOR);
  }

  #lines({ labels, histogram }: Series<Label>): readonly object[] {
    const counts = histogram.counts();
    const bucket = (le: number | string, value: number): object => ({ labels: { le }, sharedLabels: labels, value, metricName: `${this.#name}_bucket` });
    return [
      ...LATENCY_BUCKETS_S.map((bound) => bucket(bound, countedWithin(counts, bound))),
      bucket('+Inf', counts.count),
      { labels: {}, sharedLabels: labels, value: counts.sumS, metricName: `${this.#name}_sum` },
      { labels: {}, sharedLabels: labels, value: counts.count, metricName: `${this.#name}_count` },
    ];
  }
}

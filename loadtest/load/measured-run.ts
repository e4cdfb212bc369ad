import { LatencyRecorder, type LatencyBar, type LatencySummary } from './latency-recorder.ts';
import type { MeterWindow } from './meter.ts';

/** One second of a series, over all generators. */
export interface SeriesWindow {
  readonly atS: number;
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What one series came to. */
export interface SeriesResult {
  readonly summary: LatencySummary;
  readonly bars: readonly LatencyBar[];
  readonly windows: readonly SeriesWindow[];
}

/** Bars of histograms are so many times as far as the one before. */
const BAR_FACTOR = 1.25;
const MOST_FAULTS = 30;

interface Second {
  readonly latencies: Map<string, LatencyRecorder>;
  readonly lateness: LatencyRecorder;
  readonly counts: Map<string, number>;
  /** Whether it is over: the last one is cut where the load was stopped. */
  isWhole: boolean;
}

/** Puts together what all generators measured, second by second. */
export class MeasuredRun {
  /** What went wrong, each in its words once. */
  readonly faults: string[] = [];
  readonly #seconds: Second[] = [];
  readonly #warmupSeconds: number;

  /** What comes in the first `warmupSeconds` counts, but is no part of any latency. */
  constructor(warmupSeconds: number) {
    this.#warmupSeconds = warmupSeconds;
  }

  /** Takes what one generator measured in second `at`; `isWhole`: not only a part of that second. */
  take(at: number, { latencies, lateness, counts, faults }: MeterWindow, isWhole: boolean): void {
    const second = this.#second(at);
    second.isWhole &&= isWhole;
    for (const [name, encoded] of Object.entries(latencies)) {
      const recorder = second.latencies.get(name) ?? new LatencyRecorder();
      recorder.add(encoded);
      second.latencies.set(name, recorder);
    }
    second.lateness.add(lateness);
    for (const [name, count] of Object.entries(counts)) second.counts.set(name, (second.counts.get(name) ?? 0) + count);
    for (const words of faults) if (this.faults.length < MOST_FAULTS && !this.faults.includes(words)) this.faults.push(words);
  }

  /** Seconds that were measured from their beginning to their end. */
  get wholeSeconds(): number {
    return this.#seconds.filter(({ isWhole }) => isWhole).length;
  }

  /** Everything counted, warming up included: nothing is left out of what must add up. */
  get counts(): Readonly<Record<string, number>> {
    return this.countsWithin(Number.POSITIVE_INFINITY);
  }

  /** Everything counted in the first so many windows. */
  countsWithin(windows: number): Readonly<Record<string, number>> {
    const all = new Map<string, number>();
    for (const { counts } of this.#seconds.slice(0, windows)) for (const [name, count] of counts) all.set(name, (all.get(name) ?? 0) + count);
    return Object.fromEntries([...all].sort(([one], [other]) => one.localeCompare(other)));
  }

  /** What was counted in second `at`. */
  countsAt(at: number): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#seconds[at]?.counts ?? []);
  }

  /** How late generators were. */
  get lateness(): LatencySummary {
    return merged(this.#measured.map(({ lateness }) => lateness)).summary();
  }

  latenessAt(at: number): LatencySummary {
    return (this.#seconds[at]?.lateness ?? new LatencyRecorder()).summary();
  }

  /** The series of this name in second `at`. */
  seriesAt(name: string, at: number): LatencySummary {
    return (this.#seconds[at]?.latencies.get(name) ?? new LatencyRecorder()).summary();
  }

  /** Every series there is. */
  get series(): Readonly<Record<string, SeriesResult>> {
    const names = new Set(this.#seconds.flatMap(({ latencies }) => [...latencies.keys()]));
    return Object.fromEntries([...names].sort().map((name) => [name, this.#seriesResult(name)]));
  }

  get #measured(): readonly Second[] {
    return this.#seconds.slice(this.#warmupSeconds);
  }

  #seriesResult(name: string): SeriesResult {
    const all = merged(this.#measured.flatMap(({ latencies }) => latencies.get(name) ?? []));
    const windows = this.#seconds.flatMap(({ latencies, isWhole }, atS) => {
      const recorder = latencies.get(name);
      if (recorder === undefined || recorder.count === 0 || !isWhole) return [];
      const { count, p50Ms, p99Ms, maxMs } = recorder.summary();
      return [{ atS, count, p50Ms, p99Ms, maxMs }];
    });
    return { summary: all.summary(), bars: all.bars(BAR_FACTOR), windows };
  }

  #second(at: number): Second {
    while (this.#seconds.length <= at) this.#seconds.push({ latencies: new Map(), lateness: new LatencyRecorder(), counts: new Map(), isWhole: true });
    const second = this.#seconds[at];
    if (second === undefined) throw new RangeError(`there is no second ${at}`);
    return second;
  }
}

function merged(recorders: readonly LatencyRecorder[]): LatencyRecorder {
  return LatencyRecorder.merged(recorders.map((recorder) => recorder.encode()));
}

import { LatencyRecorder, type LatencyBar, type LatencySummary } from './latency-recorder.ts';
import type { MeterWindow } from './meter.ts';

/** One window of a series, a second or a part of one, over all generators. */
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
const MS_PER_S = 1000;

interface Window {
  readonly latencies: Map<string, LatencyRecorder>;
  readonly lateness: LatencyRecorder;
  readonly counts: Map<string, number>;
  /** Generators that told all of it. */
  told: number;
  /** Whether it is over: the last one is cut where the load was stopped. */
  isWhole: boolean;
}

/** Puts together what all generators measured, window by window. */
export class MeasuredRun {
  /** What went wrong, each in its words once. */
  readonly faults: string[] = [];
  readonly #windows: Window[] = [];
  readonly #windowMs: number;
  readonly #warmupWindows: number;

  /** What comes in the first `warmupSeconds` counts, but is no part of any latency. */
  constructor(warmupSeconds: number, windowMs = MS_PER_S) {
    this.#windowMs = windowMs;
    this.#warmupWindows = (warmupSeconds * MS_PER_S) / windowMs;
  }

  /** Takes what one generator measured in window `at`; `isWhole`: not only in a part of it. */
  take(at: number, { latencies, lateness, counts, faults }: MeterWindow, isWhole: boolean): void {
    const window = this.#window(at);
    window.isWhole &&= isWhole;
    window.told += 1;
    for (const [name, encoded] of Object.entries(latencies)) {
      const recorder = window.latencies.get(name) ?? new LatencyRecorder();
      recorder.add(encoded);
      window.latencies.set(name, recorder);
    }
    window.lateness.add(lateness);
    for (const [name, count] of Object.entries(counts)) window.counts.set(name, (window.counts.get(name) ?? 0) + count);
    for (const words of faults) if (this.faults.length < MOST_FAULTS && !this.faults.includes(words)) this.faults.push(words);
  }

  /** Seconds from the beginning to the end of window `at`. */
  secondsAfter(at: number): number {
    return ((at + 1) * this.#windowMs) / MS_PER_S;
  }

  /** How many generators told what they measured in window `at`. */
  toldAt(at: number): number {
    return this.#windows[at]?.told ?? 0;
  }

  /** Windows that were measured from their beginning to their end. */
  get wholeWindows(): number {
    return this.#windows.filter(({ isWhole }) => isWhole).length;
  }

  /** Everything counted, warming up included: nothing is left out of what must add up. */
  get counts(): Readonly<Record<string, number>> {
    return this.countsWithin(Number.POSITIVE_INFINITY);
  }

  /** Everything counted in the first so many windows. */
  countsWithin(windows: number): Readonly<Record<string, number>> {
    const all = new Map<string, number>();
    for (const { counts } of this.#windows.slice(0, windows)) for (const [name, count] of counts) all.set(name, (all.get(name) ?? 0) + count);
    return Object.fromEntries([...all].sort(([one], [other]) => one.localeCompare(other)));
  }

  /** How much was counted a second, by each window that is whole. */
  get rates(): readonly { readonly atS: number; readonly counts: Readonly<Record<string, number>> }[] {
    const perSecond = MS_PER_S / this.#windowMs;
    return this.#windows.slice(0, this.wholeWindows).map(({ counts }, at) => ({ atS: this.#startS(at), counts: Object.fromEntries([...counts].map(([name, count]) => [name, count * perSecond])) }));
  }

  /** How late generators were. */
  get lateness(): LatencySummary {
    return merged(this.#measured.map(({ lateness }) => lateness)).summary();
  }

  /** How late they were in the second that ended with window `at`. */
  latenessBy(at: number): LatencySummary {
    return merged(this.#secondBy(at).map(({ lateness }) => lateness)).summary();
  }

  /** The series of this name in the second that ended with window `at`. */
  seriesBy(name: string, at: number): LatencySummary {
    return merged(this.#secondBy(at).flatMap(({ latencies }) => latencies.get(name) ?? [])).summary();
  }

  /** The same in window `at` alone. */
  seriesAt(name: string, at: number): LatencySummary {
    return (this.#windows[at]?.latencies.get(name) ?? new LatencyRecorder()).summary();
  }

  /** Every series there is. */
  get series(): Readonly<Record<string, SeriesResult>> {
    const names = new Set(this.#windows.flatMap(({ latencies }) => [...latencies.keys()]));
    return Object.fromEntries([...names].sort().map((name) => [name, this.#seriesResult(name)]));
  }

  get #measured(): readonly Window[] {
    return this.#windows.slice(this.#warmupWindows);
  }

  #secondBy(at: number): readonly Window[] {
    return this.#windows.slice(Math.max(0, at + 1 - MS_PER_S / this.#windowMs), at + 1);
  }

  #startS(at: number): number {
    return (at * this.#windowMs) / MS_PER_S;
  }

  #seriesResult(name: string): SeriesResult {
    const all = merged(this.#measured.flatMap(({ latencies }) => latencies.get(name) ?? []));
    const windows = this.#windows.flatMap(({ latencies, isWhole }, at) => {
      const recorder = latencies.get(name);
      if (recorder === undefined || recorder.count === 0 || !isWhole) return [];
      const { count, p50Ms, p99Ms, maxMs } = recorder.summary();
      return [{ atS: this.#startS(at), count, p50Ms, p99Ms, maxMs }];
    });
    return { summary: all.summary(), bars: all.bars(BAR_FACTOR), windows };
  }

  #window(at: number): Window {
    while (this.#windows.length <= at) this.#windows.push({ latencies: new Map(), lateness: new LatencyRecorder(), counts: new Map(), told: 0, isWhole: true });
    const window = this.#windows[at];
    if (window === undefined) throw new RangeError(`there is no window ${at}`);
    return window;
  }
}

function merged(recorders: readonly LatencyRecorder[]): LatencyRecorder {
  return LatencyRecorder.merged(recorders.map((recorder) => recorder.encode()));
}

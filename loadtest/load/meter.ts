import { LatencyRecorder } from './latency-recorder.ts';

/** What one process measured since the window before. Histograms are encoded, see LatencyRecorder. */
export interface MeterWindow {
  /** By series: what is measured differs from scenario to scenario. */
  readonly latencies: Readonly<Record<string, string>>;
  /** How late this process was with what it was to send. */
  readonly lateness: string;
  readonly counts: Readonly<Record<string, number>>;
  /** The first things that went wrong, in words. */
  readonly faults: readonly string[];
}

const MOST_FAULTS = 20;

/** Where a generator notes what it sees; read once a second. */
export class Meter {
  readonly lateness = new LatencyRecorder();
  readonly #latencies = new Map<string, LatencyRecorder>();
  #counts = new Map<string, number>();
  #faults: string[] = [];
  #faultsTold = 0;

  /** The recorder of a series: to be kept by those who use it often. */
  series(name: string): LatencyRecorder {
    const known = this.#latencies.get(name);
    if (known !== undefined) return known;
    const made = new LatencyRecorder();
    this.#latencies.set(name, made);
    return made;
  }

  count(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  /** Counts under `name`, and tells the first of them in words. */
  fault(name: string, words: string): void {
    this.count(name);
    if (this.#faultsTold >= MOST_FAULTS) return;
    this.#faultsTold += 1;
    this.#faults.push(words.slice(0, 300));
  }

  /** Everything since the last call. */
  take(): MeterWindow {
    const latencies: Record<string, string> = {};
    for (const [name, recorder] of this.#latencies) if (recorder.count > 0) latencies[name] = recorder.take();
    const window = { latencies, lateness: this.lateness.take(), counts: Object.fromEntries(this.#counts), faults: this.#faults };
    this.#counts = new Map();
    this.#faults = [];
    return window;
  }
}

import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type { ProcessVitals } from '../protocol/process-stats.ts';

/** How often the event loop's delay is sampled. */
const SAMPLE_EVERY_MS = 20;
const KIB = 1024;

/** Reads how this process fares: memory with its peak, CPU, event loop delay and garbage collection. */
export class VitalsMonitor {
  readonly #loopDelay = monitorEventLoopDelay({ resolution: SAMPLE_EVERY_MS });
  readonly #observer: PerformanceObserver;
  #gcCount = 0;
  #gcMs = 0;

  constructor() {
    this.#loopDelay.enable();
    this.#observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.#gcCount += 1;
        this.#gcMs += duration;
      }
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Vitals now; the event loop's delay is that since the call before (one that began within a sample of it is missed). */
  read(): ProcessVitals {
    const { rss, heapUsed } = process.memoryUsage();
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    const vitals: ProcessVitals = {
      // The kernel counts resident pages a little late: the peak is never less than what is there.
      rssBytes: rss, peakRssBytes: Math.max(rss, maxRSS * KIB), heapBytes: heapUsed,
      cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
      loopDelayP50Ms: late(this.#loopDelay.percentile(50)), loopDelayP99Ms: late(this.#loopDelay.percentile(99)), loopDelayMaxMs: late(this.#loopDelay.max),
      gcCount: this.#gcCount, gcSeconds: this.#gcMs / 1000,
    };
    this.#loopDelay.reset();
    return vitals;
  }

  stop(): void {
    this.#loopDelay.disable();
    this.#observer.disconnect();
  }
}

/** What is measured is the time between samples, in nanoseconds. */
function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - SAMPLE_EVERY_MS);
}

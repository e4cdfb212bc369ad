import type { Bus } from '../bus/bus.ts';
import { STATS_SUBJECT } from '../bus/subjects.ts';
import { STATS_INTERVAL_MS, type ProcessStats, type Readings, type Tier } from '../protocol/process-stats.ts';
import { pack } from '../protocol/structured.ts';
import { wallMs } from './clock.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Logger } from './log.ts';
import { readMetrics, type MetricNames } from './metric-readings.ts';
import type { Registry } from './metrics.ts';
import { packageVersion } from './package-version.ts';
import { VitalsMonitor } from './process-vitals.ts';

export interface StatsPublisherOptions {
  readonly bus: Bus;
  readonly registry: Registry;
  readonly names: MetricNames;
  readonly processId: string;
  readonly incarnation: string;
  readonly tier: Tier;
  readonly lifecycle: Lifecycle;
  readonly log: Logger;
  /** Levels that are no metrics, because what they are told by is not a closed set. */
  readonly levels?: () => Readings;
  /** Hears them too, also while the bus is away. */
  readonly onStats?: (stats: ProcessStats) => void;
}

/** Says on the bus once a second how this process is; what is lost there is in the next one too. */
export class StatsPublisher {
  readonly #options: StatsPublisherOptions;
  readonly #vitals = new VitalsMonitor();
  readonly #version = packageVersion();
  readonly #startedAtMs = wallMs() - process.uptime() * 1000;
  readonly #timer: NodeJS.Timeout;
  #no = 0;

  constructor(options: StatsPublisherOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#publish(), STATS_INTERVAL_MS);
    void this.#publish();
  }

  /** Says so a last time; the lifecycle is in its last state by then. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#publish();
    this.#vitals.stop();
  }

  async #publish(): Promise<void> {
    const { bus, log, onStats } = this.#options;
    try {
      const stats = await this.#stats();
      onStats?.(stats);
      bus.publish(STATS_SUBJECT, pack(stats));
    } catch (error) {
      log.error({ err: error }, 'the stats of this process could not be read');
    }
  }

  async #stats(): Promise<ProcessStats> {
    const { processId, incarnation, tier, lifecycle, registry, names, levels } = this.#options;
    this.#no += 1;
    const no = this.#no;
    const { counters, gauges, latencies } = await readMetrics(registry, names);
    return {
      processId, incarnation, tier, state: lifecycle.state, version: this.#version,
      startedAtMs: this.#startedAtMs, atMs: wallMs(), no, vitals: this.#vitals.read(),
      counters, gauges: { ...gauges, ...levels?.() }, latencies,
    };
  }
}

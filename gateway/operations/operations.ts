import type { Bus, BusSubscription } from '../../shared/bus/bus.ts';
import { STATS_SUBJECT } from '../../shared/bus/subjects.ts';
import type { ProcessStats, Readings } from '../../shared/protocol/process-stats.ts';
import { unpack } from '../../shared/protocol/structured.ts';
import { nowMs, wallMs } from '../../shared/runtime/clock.ts';
import { VoxError } from '../../shared/runtime/errors.ts';
import type { Lifecycle } from '../../shared/runtime/lifecycle.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import type { Registry } from '../../shared/runtime/metrics.ts';
import { StatsPublisher } from '../../shared/runtime/stats-publisher.ts';
import type { TrendStore } from '../../shared/session/trend-store.ts';
import { FleetStats, summed } from './fleet-stats.ts';
import { GATEWAY_STATS } from './gateway-stats.ts';
import { healthReport } from './health-report.ts';
import { mouthToEar } from './latency-report.ts';
import { levelOf } from './levels.ts';
import { performanceReport } from './performance-report.ts';
import { TREND_STEP_MS, trendSlot, type TrendPoint } from './trend.ts';

/** How often it is looked whether five minutes are over. */
const TREND_CHECK_MS = 1000;

export interface OperationsOptions {
  readonly bus: Bus;
  readonly trend: TrendStore;
  readonly log: Logger;
  readonly registry: Registry;
  readonly lifecycle: Lifecycle;
  /** GATEWAY_ID, and this start of it. */
  readonly processId: string;
  readonly incarnation: string;
  /** Levels that are no metrics. */
  readonly levels: () => Readings;
}

/** What a gateway knows of the whole fleet and says of itself, and its answers to operators. Its metrics are all registered by then. */
export class Operations {
  readonly #options: OperationsOptions;
  readonly #fleet = new FleetStats();
  readonly #subscription: BusSubscription;
  readonly #publisher: StatsPublisher;
  readonly #timer: NodeJS.Timeout;
  #own: ProcessStats | undefined;
  #trendSlot = trendSlot(wallMs());

  constructor(options: OperationsOptions) {
    this.#options = options;
    this.#subscription = options.bus.subscribe(STATS_SUBJECT, ({ data }) => {
      const stats = unpack<ProcessStats>(data);
      if (stats !== undefined) this.#fleet.hear(stats, nowMs());
    });
    const onStats = (stats: ProcessStats): void => this.#hearOwn(stats);
    this.#publisher = new StatsPublisher({ ...options, names: GATEWAY_STATS, tier: 'gateway', onStats });
    this.#timer = setInterval(() => this.#tick(), TREND_CHECK_MS);
  }

  /** Answers by path, each made when it is asked for. */
  readonly documents: ReadonlyMap<string, () => Promise<unknown>> = new Map([
    ['/health/detailed', () => this.#health()],
    ['/performance/summary', () => this.#performance()],
  ]);

  /** Says a last time how this gateway is; before the bus is closed, and in the last state. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#subscription.stop();
    await this.#publisher.stop();
  }

  #hearOwn(stats: ProcessStats): void {
    this.#own = stats;
    this.#fleet.hear(stats, nowMs());
  }

  #health(): Promise<object> {
    if (this.#own === undefined) throw new VoxError('draining', 'the gateway is starting', TREND_CHECK_MS);
    return Promise.resolve(healthReport(this.#fleet, this.#own, nowMs()));
  }

  async #performance(): Promise<object> {
    const { trend, log } = this.#options;
    const points = await trend.read<TrendPoint>().catch((error: unknown) => {
      log.warn({ err: error }, 'the trend could not be read');
      return undefined;
    });
    return performanceReport(this.#fleet, points, nowMs());
  }

  /** Once five minutes are over, every gateway offers its point of them; one is taken. */
  #tick(): void {
    const slot = trendSlot(wallMs());
    if (slot === this.#trendSlot) return;
    this.#trendSlot = slot;
    this.#fleet.sweep(nowMs());
    const { trend, log } = this.#options;
    void trend.offer(slot, trendPoint(this.#fleet, slot * TREND_STEP_MS, nowMs())).catch((error: unknown) => {
      log.warn({ err: error }, 'a point of the trend was not stored');
    });
  }
}

/** The fleet now, as a point of the trend. */
export function trendPoint(fleet: FleetStats, atWallMs: number, nowMs: number): TrendPoint {
  const gauges = summed(fleet.processes(nowMs).filter(({ state }) => state === 'ready').map((process) => process.gauges));
  const { count, p50, p95 } = mouthToEar(fleet.window(TREND_STEP_MS, nowMs));
  return {
    at_ms: atWallMs, callers: levelOf(gauges, 'connections'),
    slots_used: levelOf(gauges, 'slots_used'), slots_total: levelOf(gauges, 'slots'),
    turns: count, mouth_to_ear_p50_ms: p50, mouth_to_ear_p95_ms: p95,
  };
}

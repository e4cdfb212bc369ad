import type { Bus, BusSubscription } from '../../shared/bus/bus.ts';
import { NOTICES_SUBJECT, STATS_SUBJECT } from '../../shared/bus/subjects.ts';
import type { FleetSnapshot } from '../../shared/protocol/fleet-snapshot.ts';
import type { ProcessStats, Readings } from '../../shared/protocol/process-stats.ts';
import { unpack } from '../../shared/protocol/structured.ts';
import { nowMs, wallMs } from '../../shared/runtime/clock.ts';
import { VoxError } from '../../shared/runtime/errors.ts';
import type { Lifecycle } from '../../shared/runtime/lifecycle.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import type { Registry } from '../../shared/runtime/metrics.ts';
import { StatsPublisher } from '../../shared/runtime/stats-publisher.ts';
import type { TrendStore } from '../../shared/session/trend-store.ts';
import { fleetChanges } from './fleet-changes.ts';
import { FleetFeed } from './fleet-feed.ts';
import { FleetHistory } from './fleet-history.ts';
import { fleetSnapshot } from './fleet-snapshot.ts';
import { FleetStats, summed } from './fleet-stats.ts';
import { GATEWAY_STATS } from './gateway-stats.ts';
import { healthReport } from './health-report.ts';
import { mouthToEar } from './latency-report.ts';
import { levelOf } from './levels.ts';
import { NoticeBoard } from './notice-board.ts';
import { performanceReport } from './performance-report.ts';
import { TREND_STEP_MS, trendSlot, type TrendPoint } from './trend.ts';

/** How often it is looked who is there, and whether five minutes are over. */
const TICK_MS = 1000;
/** Every process says within a second that it is there: who is heard first after this, from the start or from when the bus is back, has come. */
const SETTLED_AFTER_MS = 3000;
/** What a snapshot holds of what is remembered; `/errors` has all of it. */
const CONTEXTS_SHOWN = 5;
const EVENTS_SHOWN = 50;
/** A viewer who missed a few snapshots misses no point of the plot. */
const POINTS_AGAIN = 3;

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
  readonly #board = new NoticeBoard();
  readonly #history = new FleetHistory();
  readonly #subscriptions: readonly BusSubscription[];
  readonly #publisher: StatsPublisher;
  readonly #timer: NodeJS.Timeout;
  #own: ProcessStats | undefined;
  #trendSlot = trendSlot(wallMs());
  /** Who was there at the last look; undefined until everybody had time to say so. */
  #seen: readonly ProcessStats[] | undefined;
  #settledAtMs = nowMs() + SETTLED_AFTER_MS;
  /** `GET /fleet/stream`; to be ended before the port is closed. */
  readonly feed: FleetFeed;

  constructor(options: OperationsOptions) {
    this.#options = options;
    this.#subscriptions = [
      options.bus.subscribe(STATS_SUBJECT, ({ data }) => {
        const stats = unpack<ProcessStats>(data);
        if (stats !== undefined) this.#fleet.hear(stats, nowMs());
      }),
      options.bus.subscribe(NOTICES_SUBJECT, ({ data }) => this.#board.hear(unpack(data))),
    ];
    this.feed = new FleetFeed({ snapshot: (isWhole) => this.#snapshot(isWhole), registry: options.registry });
    const onStats = (stats: ProcessStats): void => this.#hearOwn(stats);
    this.#publisher = new StatsPublisher({ ...options, names: GATEWAY_STATS, tier: 'gateway', onStats });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Answers by path, each made when it is asked for. */
  readonly documents: ReadonlyMap<string, () => Promise<unknown>> = new Map([
    ['/health/detailed', () => this.#health()],
    ['/performance/summary', () => this.#performance()],
    ['/errors', () => Promise.resolve({ errors: this.#board.errors(), events: this.#board.events(), left_out: this.#board.leftOut })],
  ]);

  /** Says a last time how this gateway is; before the bus is closed, and in the last state. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const subscription of this.#subscriptions) subscription.stop();
    await this.#publisher.stop();
  }

  #hearOwn(stats: ProcessStats): void {
    this.#own = stats;
    this.#fleet.hear(stats, nowMs());
  }

  #snapshot(isWhole: boolean): FleetSnapshot {
    const lately = {
      errors: this.#board.errors(CONTEXTS_SHOWN), events: this.#board.events(EVENTS_SHOWN),
      history: this.#history.points(isWhole ? undefined : POINTS_AGAIN),
    };
    return fleetSnapshot(this.#fleet, lately, { gatewayId: this.#options.processId, atMs: wallMs() }, nowMs());
  }

  #health(): Promise<object> {
    if (this.#own === undefined) throw new VoxError('draining', 'the gateway is starting', TICK_MS);
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

  #tick(): void {
    this.#history.sample(this.#fleet, wallMs(), nowMs());
    this.#look();
    this.#offerPoint();
  }

  /** Notes who came and went since the last look. */
  #look(): void {
    // Without the bus nobody is heard, which says nothing of them.
    if (!this.#options.bus.connected) this.#settledAtMs = nowMs() + SETTLED_AFTER_MS;
    if (nowMs() < this.#settledAtMs) return;
    const processes = this.#fleet.processes(nowMs());
    for (const change of fleetChanges(this.#seen ?? processes, processes, wallMs())) this.#board.note(change);
    this.#seen = processes;
  }

  /** Once five minutes are over, every gateway offers its point of them; one is taken. */
  #offerPoint(): void {
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

import type { HistoryPoint } from '../../shared/protocol/fleet-snapshot.ts';
import { summed, type FleetStats } from './fleet-stats.ts';
import { mouthToEar, stageSummaries } from './latency-report.ts';
import { levelOf } from './levels.ts';

/** Time from one point to the next, and what each looks back over: stats of the last minute are kept every five seconds. */
const STEP_MS = 5000;
const WINDOW_MS = 15_000;
/** Timers are a little early or late. */
const EARLY_MS = 500;
/** Ten minutes. */
const MOST_POINTS = 120;

/** The last ten minutes of the fleet, a point every five seconds: whoever opens the page sees what was before. */
export class FleetHistory {
  readonly #points: HistoryPoint[] = [];
  #nextAtMs = 0;

  /** Adds a point where one is due. `nowMs` is of the clock that `fleet` hears with, `wallMs` milliseconds since the epoch. */
  sample(fleet: FleetStats, wallMs: number, nowMs: number): void {
    if (nowMs < this.#nextAtMs) return;
    this.#nextAtMs = nowMs + STEP_MS - EARLY_MS;
    const totals = fleet.window(WINDOW_MS, nowMs);
    const { count, p50, p95 } = mouthToEar(totals);
    const stages = Object.entries(stageSummaries(totals)).flatMap(([stage, { mean }]) => (mean === null ? [] : [[stage, mean] as const]));
    const callers = levelOf(summed(fleet.processes(nowMs).map(({ gauges }) => gauges)), 'connections');
    this.#points.push({ at_ms: Math.round(wallMs), callers, turns: count, p50_ms: p50, p95_ms: p95, stages_ms: Object.fromEntries(stages) });
    this.#points.splice(0, Math.max(0, this.#points.length - MOST_POINTS));
  }

  /** The newest `count`, oldest first. */
  points(count = MOST_POINTS): readonly HistoryPoint[] {
    return this.#points.slice(-count);
  }
}

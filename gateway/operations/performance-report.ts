import { summed, type FleetStats, type FleetTotals } from './fleet-stats.ts';
import { mouthToEar, stageSummaries, summariesBy } from './latency-report.ts';
import { countedBy, levelOf, rounded } from './levels.ts';
import { projection, type TrendPoint } from './trend.ts';

const MINUTE_MS = 60_000;
/** What audio_processing looks back over. */
const PROCESSING_WINDOW_MS = 5 * MINUTE_MS;

/** Totals of 1, 5 and 15 minutes and since start, by the names that the report gives them. */
type Windows = Readonly<Record<'1m' | '5m' | '15m' | 'since_start', FleetTotals>>;

/** What `GET /performance/summary` answers: docs/operations.md says what each field is. `trend` undefined: Redis did not answer. */
export function performanceReport(fleet: FleetStats, trend: readonly TrendPoint[] | undefined, nowMs: number): object {
  const windows = {
    '1m': fleet.window(MINUTE_MS, nowMs), '5m': fleet.window(5 * MINUTE_MS, nowMs), '15m': fleet.window(15 * MINUTE_MS, nowMs), since_start: fleet.sinceStart(nowMs),
  };
  return {
    metrics: {
      audio_processing: audioProcessing(fleet, nowMs),
      latency: each(windows, latency),
      throughput: each(windows, throughput),
      errors: each(windows, errors),
    },
    trend: { points: trend ?? [], projection: trend === undefined ? null : projection(trend) },
  };
}

function audioProcessing(fleet: FleetStats, nowMs: number): object {
  const totals = fleet.window(PROCESSING_WINDOW_MS, nowMs);
  const gauges = summed(fleet.processes(nowMs).map((process) => process.gauges));
  const turns = mouthToEar(totals).count;
  return {
    window_s: PROCESSING_WINDOW_MS / 1000,
    queue_backlog: { ...gauges['lane_depth'], total: levelOf(gauges, 'lane_depth') },
    throughput: { frames_per_s: rate(levelOf(totals.counters, 'frames', 'audio'), totals), turns_per_s: rate(turns, totals) },
    mouth_to_ear_ms: mouthToEar(totals),
    stages_ms: stageSummaries(totals),
    error_rate: engineErrorRate(totals),
  };
}

function latency(totals: FleetTotals): object {
  return {
    mouth_to_ear_ms: mouthToEar(totals), stages_ms: stageSummaries(totals),
    lane_wait_ms: summariesBy(totals, 'lane_wait'), engine_ms: summariesBy(totals, 'engine'),
  };
}

function throughput(totals: FleetTotals): object {
  const count = (name: string): number => levelOf(totals.counters, name);
  const counts = {
    messages_in: count('messages_in'), messages_out: count('messages_out'), bytes_in: count('bytes_in'), bytes_out: count('bytes_out'),
    frames: count('frames'), turns: mouthToEar(totals).count,
  };
  return { covered_s: rounded(totals.coveredMs / 1000), ...counts, per_s: Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, rate(value, totals)])) };
}

function errors(totals: FleetTotals): object {
  const { counters } = totals;
  return {
    total: levelOf(counters, 'errors'),
    per_s: rate(levelOf(counters, 'errors'), totals),
    by_code: countedBy(counters, 'errors'),
    rejected: countedBy(counters, 'rejected'),
    shed: shedByReason(counters),
    takeovers: countedBy(counters, 'takeovers'),
    engine_failures: levelOf(counters, 'engine_failures'),
    engine_error_rate: engineErrorRate(totals),
  };
}

/** What was dropped on purpose, by both tiers: their reasons have different names. */
export function shedByReason(counters: FleetTotals['counters']): Readonly<Record<string, number>> {
  return { ...countedBy(counters, 'gateway_shed'), ...countedBy(counters, 'worker_shed') };
}

/** Of all turns that an engine was asked for. */
function engineErrorRate(totals: FleetTotals): number {
  const failed = levelOf(totals.counters, 'engine_failures');
  return failed === 0 ? 0 : rounded(failed / (failed + mouthToEar(totals).count));
}

function rate(count: number, { coveredMs }: FleetTotals): number {
  return coveredMs === 0 ? 0 : rounded((count * 1000) / coveredMs);
}

function each(windows: Windows, report: (totals: FleetTotals) => object): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.entries(windows).map(([name, totals]) => [name, report(totals)]));
}

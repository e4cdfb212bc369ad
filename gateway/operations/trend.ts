/** Time from one point of the trend to the next. */
export const TREND_STEP_MS = 5 * 60_000;
/** Points kept: those of 24 hours. */
export const MOST_TREND_POINTS = 288;
/** Growth is read from the points of this time: callers come and go with the hour of the day. */
const GROWTH_OVER_MS = 2 * 60 * 60_000;
/** Fewer points say nothing of growth. */
const LEAST_POINTS = 3;
const HOUR_MS = 3_600_000;

/** The fleet at the end of five minutes, as it is stored and answered: snake case, milliseconds, whole fleet. */
export interface TrendPoint {
  /** Milliseconds since the epoch: a multiple of five minutes. */
  readonly at_ms: number;
  readonly callers: number;
  readonly slots_used: number;
  readonly slots_total: number;
  /** Turns answered in the five minutes. */
  readonly turns: number;
  /** Of these turns; null where there were none. */
  readonly mouth_to_ear_p50_ms: number | null;
  readonly mouth_to_ear_p95_ms: number | null;
}

/** Where the slots in use go by the last two hours. */
export interface TrendProjection {
  /** The projection in words. */
  readonly text: string;
  /** Slots taken more in each hour; null where there are too few points. */
  readonly growth_slots_per_hour: number | null;
  /** Null where the fleet does not fill. */
  readonly full_in_s: number | null;
}

/** The five minutes that a moment (milliseconds since the epoch) is in. */
export function trendSlot(wallMs: number): number {
  return Math.floor(wallMs / TREND_STEP_MS);
}

/** Draws a straight line through the slots in use (least squares) and says when it meets the slots there are. */
export function projection(points: readonly TrendPoint[]): TrendProjection {
  const newest = points.at(-1);
  const recent = points.filter(({ at_ms }) => newest !== undefined && newest.at_ms - at_ms <= GROWTH_OVER_MS);
  if (newest === undefined || recent.length < LEAST_POINTS) {
    return { text: `not known yet: ${recent.length} of the ${LEAST_POINTS} points that growth is read from`, growth_slots_per_hour: null, full_in_s: null };
  }
  const perHour = slope(recent.map(({ at_ms, slots_used }) => [(at_ms - newest.at_ms) / HOUR_MS, slots_used]));
  const growth = { growth_slots_per_hour: Math.round(perHour * 100) / 100 };
  const free = newest.slots_total - newest.slots_used;
  if (free <= 0) return { text: 'the fleet is full', ...growth, full_in_s: 0 };
  if (growth.growth_slots_per_hour <= 0) return { text: 'the fleet does not fill: no more slots are in use than before', ...growth, full_in_s: null };
  const fullInS = Math.round((free / perHour) * 3600);
  return { text: `at this growth the fleet is full in ${duration(fullInS)}`, ...growth, full_in_s: fullInS };
}

function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

function duration(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

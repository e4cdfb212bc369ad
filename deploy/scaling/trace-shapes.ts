import { seededRandom, seedOf, type Random } from '../../loadtest/chaos/random.ts';
import type { Trace } from './trace.ts';

const DAY_MINUTES = 1440;
const MEAN_CALL_S = 180;

/** Callers there should be at a minute, and what a call costs then. */
type Shape = (minute: number) => { readonly callers: number; readonly load: number };

interface Plan {
  readonly minutes: number;
  readonly shape: Shape;
}

/** A peak of the day at an hour, as wide as a standard deviation of so many hours. */
const hump = (minute: number, hour: number, widthH: number): number => Math.exp(-(((minute / 60 - hour) / widthH) ** 2) / 2);

/** Two peaks around noon, few callers at night. */
const officeDay = (peak: number): Plan => ({
  minutes: DAY_MINUTES,
  shape: (minute) => ({ callers: peak * (0.04 + 0.96 * Math.max(hump(minute, 10.5, 1.6), 0.9 * hump(minute, 15, 1.9))), load: 1 }),
});

/** Quiet, then seven times the callers within five minutes, who all speak more than usual for a while. */
const flashCrowd = (peak: number): Plan => ({
  minutes: 180,
  shape: (minute) => {
    const rise = Math.min(1, Math.max(0, (minute - 60) / 5));
    const fall = Math.exp(-Math.max(0, minute - 90) / 20);
    return { callers: peak * (0.14 + 0.86 * rise * fall), load: minute >= 75 && minute < 90 ? 1.6 : 1 };
  },
});

/** Ten times the callers of the morning by night. */
const slowGrowth = (peak: number): Plan => ({
  minutes: DAY_MINUTES,
  shape: (minute) => ({ callers: peak * 0.1 * 10 ** (minute / (DAY_MINUTES - 1)), load: 1 }),
});

/** The traces that are committed, by file: callers at the peak fill about 7, 10, 70 or 100 workers of 50 slots at the target. */
const PLANS: Readonly<Record<string, Plan>> = {
  'office-day-10.csv': officeDay(320),
  'office-day-100.csv': officeDay(3200),
  'flash-crowd-10.csv': flashCrowd(320),
  'flash-crowd-100.csv': flashCrowd(3200),
  'slow-growth-100.csv': slowGrowth(3200),
};

/** Every committed trace by its file name: calls of each minute drawn by chance (Poisson) around the shape, the same each time. */
export function committedTraces(): ReadonlyMap<string, Trace> {
  return new Map(Object.entries(PLANS).map(([file, plan]) => [file, traceOf(plan, seededRandom(seedOf(1, file)))]));
}

function traceOf({ minutes, shape }: Plan, random: Random): Trace {
  return Array.from({ length: minutes }, (_none, minute) => {
    const { callers, load } = shape(minute);
    // Little's law: so many arrivals keep so many callers there. Where callers become more, those who are new come on top.
    const growth = minute === 0 ? 0 : Math.max(0, callers - shape(minute - 1).callers);
    return { calls: poisson(random, (callers * 60) / MEAN_CALL_S + growth), meanCallS: MEAN_CALL_S, load };
  });
}

/** A draw from a Poisson distribution: by the normal one where it is as good. */
function poisson(random: Random, mean: number): number {
  if (mean > 100) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let product = random();
  let count = 0;
  for (; product > limit; count++) product *= random();
  return count;
}

import type { FaultDraw, FaultName } from './faults.ts';
import { seededRandom, seedOf, wholeBetween } from './random.ts';

/** A fault that is to be. */
export interface PlannedFault extends FaultDraw {
  /** Milliseconds since the run began. */
  readonly atMs: number;
}

/** Between the beginnings of two faults. A process that was killed is replaced within this. */
const APART_MS: Readonly<Record<FaultName, readonly [number, number]>> = {
  'worker-kill': [3000, 6000],
  'worker-freeze': [4000, 8000],
  'gateway-kill': [3000, 6000],
  both: [3000, 6000],
  'nats-node-kill': [4000, 8000],
  'nats-gone': [12_000, 18_000],
  'redis-primary-kill': [10_000, 16_000],
  'redis-gone': [9000, 14_000],
  'client-cut': [300, 1200],
  'client-cut-silent': [700, 1800],
  'slow-client': [1000, 3000],
  'rolling-restart': [5000, 9000],
};
/** How long what is frozen or cut off stays so. */
const LENGTH_MS: readonly [number, number] = [1200, 4000];

export interface ScheduleOptions {
  readonly fault: FaultName;
  readonly seed: number;
  /** No fault before: what calls are like without is measured first. */
  readonly fromMs: number;
  /** No fault after. */
  readonly toMs: number;
  /** Instead of the usual time that NATS and Redis stay away. */
  readonly outageMs?: number | undefined;
}

/** When what is done to whom: the same for the same seed. At least one fault where there is time at all. */
export function faultSchedule({ fault, seed, fromMs, toMs, outageMs }: ScheduleOptions): PlannedFault[] {
  const random = seededRandom(seedOf(seed, fault));
  const planned: PlannedFault[] = [];
  const [least, most] = APART_MS[fault];
  const outage = outageMs ?? 0;
  // The first comes anywhere in its time, not after a whole pause, and it does come.
  for (let atMs = fromMs + wholeBetween(random, 0, Math.min(least, toMs - fromMs)); atMs <= toMs; atMs += outage + wholeBetween(random, least, most)) {
    planned.push({ atMs, choice: random(), lengthMs: outageMs ?? wholeBetween(random, ...LENGTH_MS), index: planned.length, variant: seed + planned.length });
  }
  return planned;
}

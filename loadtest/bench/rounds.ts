import { messageOf } from '../../shared/runtime/errors.ts';
import { measureRelay, type Measurement } from './measurement.ts';
import type { Stage } from './suite.ts';

/** A machine on which a bare echo takes longer than this is busy with something else. */
const MOST_CANARY_MS = 1;
const CANARY_CALLERS = 20;
const FRAMES_PER_SECOND = 50;

/** One round: a canary, and what was measured right after it. */
export interface Round<T> {
  readonly canaryP99Ms: number;
  /** Rounds before this one that were thrown away because their canary was slow. */
  readonly repeated: number;
  readonly isNoisy: boolean;
  readonly measured: T;
}

/** The p99 of a bare echo at next to no load, in milliseconds: what the machine itself takes just now. */
async function canaryP99Ms({ echo, size: { canaryMs } }: Stage): Promise<number> {
  const measured = await measureRelay(echo, { callers: CANARY_CALLERS, framesPerSecond: FRAMES_PER_SECOND, warmMs: canaryMs / 3, measureMs: canaryMs });
  return measured.result.delay.p99Ms;
}

/**
 * Holds the stage's rounds, each beside a canary; a noisy one is held again, and taken as it is, and said to be noisy, where
 * the machine does not calm down. `measure` is told the round's number, from 0. A round that fails is said and left out; throws
 * where all do.
 */
export async function holdRounds<T>(stage: Stage, measure: (round: number) => Promise<T>): Promise<readonly Round<T>[]> {
  const { say, size: { rounds } } = stage;
  const held: Round<T>[] = [];
  let failure: unknown;
  for (let round = 0; round < rounds; round += 1) {
    try {
      const canary = await calmCanary(stage, round);
      held.push({ ...canary, measured: await measure(round) });
    } catch (error) {
      failure = error;
      say(`round ${round + 1} could not be held: ${messageOf(error)}`);
    }
  }
  if (held.length === 0) throw failure;
  return held;
}

async function calmCanary(stage: Stage, round: number): Promise<Omit<Round<unknown>, 'measured'>> {
  const { say, size: { repeats } } = stage;
  for (let repeated = 0; ; repeated += 1) {
    const p99Ms = await canaryP99Ms(stage);
    const isNoisy = p99Ms > MOST_CANARY_MS;
    if (!isNoisy || repeated >= repeats) return { canaryP99Ms: p99Ms, repeated, isNoisy };
    say(`round ${round + 1}: the canary takes ${p99Ms.toFixed(2)} ms at p99, over ${MOST_CANARY_MS} ms: again`);
  }
}

/** The middle one of some values, the mean of the middle two where they are even in number; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median over rounds of what `value` finds in each. */
export function medianOf<T>(rounds: readonly Round<T>[], value: (measured: T) => number): number {
  return median(rounds.map(({ measured }) => value(measured)));
}

/** Measures targets one after the other, in an order that turns with the round, so that none always comes first. */
export async function interleaved<K extends string>(round: number, targets: Readonly<Record<K, () => Promise<Measurement>>>): Promise<Readonly<Record<K, Measurement>>> {
  const names = Object.keys(targets) as K[];
  const measured: Partial<Record<K, Measurement>> = {};
  for (let i = 0; i < names.length; i += 1) {
    const name = names[(i + round) % names.length];
    if (name !== undefined) measured[name] = await targets[name]();
  }
  return measured as Record<K, Measurement>;
}

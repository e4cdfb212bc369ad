import type { LatencySummary } from './latency-recorder.ts';

/** Something that was expected of a run, and whether it was so. */
export interface Verdict {
  readonly expected: string;
  readonly measured: string;
  readonly isGood: boolean;
}

/** Of what is tried, less than this part may go wrong. */
export const MOST_ERRORS = 0.001;

/** Counts of something that went wrong begin so. */
const WRONG = /^(?:bulk )?(?:error |closed \d|frames lost|frames not sent|frames out of order|agent messages missed|answers (?:wrong|missing|too many)|turns un|transcripts wrong|calls (?:failed|lost|closed)|resumes failed|failed )/;

/** How many things went wrong. */
export function wrongIn(counts: Readonly<Record<string, number>>): number {
  return Object.entries(counts).reduce((sum, [name, count]) => (WRONG.test(name) ? sum + count : sum), 0);
}

/** The part of what was tried that went wrong; `tried` are names of counts. */
export function errorRateOf(counts: Readonly<Record<string, number>>, tried: readonly string[]): number {
  const attempts = tried.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  return attempts === 0 ? 1 : wrongIn(counts) / attempts;
}

/** Of a latency that was measured, the generators' own lateness may be this part where load goes by the answers, not by the clock. */
const LATE_PART = 0.2;

/** The most that generators may be late by where each asks when it was answered: it is busy because the fleet is, and late answers are all it can spoil. */
export function closedLoopLateMs(lateMs: number, headline: LatencySummary | undefined): number {
  return Math.max(lateMs, LATE_PART * (headline?.p99Ms ?? 0));
}

/** Whether generators kept their schedule: where they did not, what was measured is not the fleet. */
export function latenessVerdict({ count, p99Ms, maxMs }: LatencySummary, mostMs: number): Verdict {
  const measured = count === 0 ? 'nothing was measured' : `p99 ${p99Ms.toFixed(1)} ms, worst ${maxMs.toFixed(1)} ms`;
  return { expected: `the generators were in time: p99 of their lateness within ${Number(mostMs.toFixed(1))} ms`, measured, isGood: count > 0 && p99Ms <= mostMs };
}

/** Whether little enough went wrong. */
export function errorVerdict(counts: Readonly<Record<string, number>>, tried: readonly string[]): Verdict {
  const rate = errorRateOf(counts, tried);
  const attempts = tried.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  return { expected: `errors under ${MOST_ERRORS * 100} %`, measured: `${wrongIn(counts)} of ${attempts}: ${(rate * 100).toFixed(3)} %`, isGood: rate < MOST_ERRORS };
}

/** Whether nothing of what was sent is missing, by the counts of both ends. */
export function lossVerdict(sent: number, arrived: number, what: string): Verdict {
  return { expected: `no ${what} lost`, measured: `${sent} sent, ${arrived} arrived`, isGood: arrived >= sent };
}

import type { HistoryPoint } from '../../shared/protocol/fleet-snapshot.ts';

/** Where a value is in the plot: both from 0 to 1, from the left and from the bottom. */
export interface PlotPoint {
  readonly x: number;
  readonly y: number;
}

/** The part of a plot that belongs to one stage over a run of points: its upper edge, and its lower one. */
export interface Band {
  readonly stage: string;
  readonly upper: readonly PlotPoint[];
  readonly lower: readonly PlotPoint[];
}

/** The times that a plot shows, in milliseconds since the epoch, and the latency at its upper edge. */
export interface PlotScale {
  readonly fromMs: number;
  readonly toMs: number;
  readonly mostMs: number;
}

/** Points further apart than this are not joined: in between nobody was answered, or nobody looked. */
const GAP_MS = 12_500;

/** Runs of points that follow each other, each with turns in it; what is between them is a gap in the plot. */
export function runsOf(history: readonly HistoryPoint[]): readonly (readonly HistoryPoint[])[] {
  const runs: HistoryPoint[][] = [];
  let last: HistoryPoint | undefined;
  for (const point of history) {
    if (point.turns > 0) {
      const run = runs.at(-1);
      if (last === undefined || run === undefined || last.turns === 0 || point.at_ms - last.at_ms > GAP_MS) runs.push([point]);
      else run.push(point);
    }
    last = point;
  }
  return runs;
}

/** The bands of one run, the first stage at the bottom: together they are as high as the mean of the whole. */
export function stackedBands(run: readonly HistoryPoint[], stages: readonly string[], scale: PlotScale): readonly Band[] {
  let lower = run.map((point) => placeOf(point.at_ms, 0, scale));
  const heights = run.map(() => 0);
  return stages.map((stage) => {
    const upper = run.map((point, at) => {
      const height = (heights[at] ?? 0) + Math.max(0, point.stages_ms[stage] ?? 0);
      heights[at] = height;
      return placeOf(point.at_ms, height, scale);
    });
    const band = { stage, upper, lower };
    lower = upper;
    return band;
  });
}

/** Where a latency at a moment is in the plot; what is beyond its edges is put on them. */
export function placeOf(atMs: number, ms: number, { fromMs, toMs, mostMs }: PlotScale): PlotPoint {
  const within = (share: number): number => Math.min(1, Math.max(0, share));
  return { x: within((atMs - fromMs) / (toMs - fromMs)), y: within(ms / mostMs) };
}

/** The smallest of 1, 2, 4, 6, 8, 10 times a power of ten that is not below: its half is a round number too. */
export function roundAbove(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(ms, 1)));
  const step = [1, 2, 4, 6, 8, 10].find((factor) => factor * power >= ms) ?? 10;
  return step * power;
}

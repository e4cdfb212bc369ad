import type { Round } from './rounds.ts';
import type { Plot } from './suite.ts';

/** Milliseconds by round: one line for each name, its values found by `value` in what was measured. */
export function roundPlot<T>(title: string, held: readonly Round<T>[], names: readonly string[], value: (measured: T, name: string) => number | undefined): Plot {
  const series = names.map((name) => ({
    name,
    points: held.flatMap(({ measured }, round) => {
      const found = value(measured, name);
      return found === undefined ? [] : [[round + 1, found] as const];
    }),
  }));
  return { title, xLabel: 'round', yLabel: 'ms', series };
}

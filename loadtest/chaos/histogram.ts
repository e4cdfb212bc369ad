import { duration, escaped } from './html.ts';

/** Upper bounds of the bars, in milliseconds; the last bar has none. */
const BOUNDS_MS = [20, 50, 100, 200, 500, 1000, 2000, 5000] as const;
const WIDTH = 560;
const HEIGHT = 170;
const BASE = 140;
const TOP = 18;
const GAP = 4;

/** How many values are below each bound and not below the one before; the last counts the rest. */
export function binned(valuesMs: readonly number[]): number[] {
  const counts = new Array<number>(BOUNDS_MS.length + 1).fill(0);
  for (const value of valuesMs) {
    const bin = BOUNDS_MS.findIndex((bound) => value < bound);
    const at = bin < 0 ? BOUNDS_MS.length : bin;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/** A drawing of how long silences were, as SVG. Bars at or above a second are marked. */
export function histogramSvg(valuesMs: readonly number[]): string {
  const counts = binned(valuesMs);
  const most = Math.max(1, ...counts);
  const step = WIDTH / counts.length;
  const bars = counts.map((count, at) => {
    const height = count === 0 ? 0 : Math.max(2, ((BASE - TOP) * count) / most);
    const x = at * step + GAP;
    const isLong = (BOUNDS_MS[at] ?? Number.POSITIVE_INFINITY) > 1000;
    const bar = `<rect class="bar${isLong ? ' long' : ''}" x="${x.toFixed(1)}" y="${(BASE - height).toFixed(1)}" width="${(step - 2 * GAP).toFixed(1)}" height="${height.toFixed(1)}" rx="3"/>`;
    const number = count === 0 ? '' : `<text class="count" x="${(x + step / 2 - GAP).toFixed(1)}" y="${(BASE - height - 5).toFixed(1)}">${count}</text>`;
    return bar + number + `<text class="tick" x="${(x + step / 2 - GAP).toFixed(1)}" y="${BASE + 18}">${escaped(label(at))}</text>`;
  });
  const title = `Extra silence of ${valuesMs.length} interruptions`;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}"><line class="axis" x1="0" x2="${WIDTH}" y1="${BASE}" y2="${BASE}"/>${bars.join('')}</svg>`;
}

function label(at: number): string {
  const bound = BOUNDS_MS[at];
  return bound === undefined ? `longer` : `< ${duration(bound).replace('.00', '')}`;
}

import { escaped } from '../../loadtest/chaos/html.ts';
import type { Sample } from './simulation.ts';

const WIDTH = 960;
const LEFT = 64;
const RIGHT = 12;
const PANEL = 150;
const GAP = 46;
const LEGEND = 34;
/** More points than this are not seen. */
const MOST_POINTS = 360;

/** Colours of runs in their order, of one lightness and well apart for the colour-blind; callers are grey. */
const RUN_COLOURS = ['#d55e00', '#0072b2', '#009e73', '#cc79a7'] as const;

/** One simulated run by name. */
export interface Run {
  readonly name: string;
  readonly samples: readonly Sample[];
}

interface Panel {
  readonly title: string;
  readonly value: (sample: Sample) => number;
  /** Drawn behind, once. */
  readonly backdrop?: (sample: Sample) => number;
  /** The axis reaches this at least. */
  readonly least: number;
}

const PANELS: readonly Panel[] = [
  { title: 'Callers (grey) and slots of workers that take calls', value: ({ slots }) => slots, backdrop: ({ callers }) => callers, least: 1 },
  { title: 'Workers, those that start included', value: ({ workers, workersStarting }) => workers + workersStarting, least: 1 },
  { title: 'Gateways', value: ({ gateways }) => gateways, least: 1 },
  { title: 'Calls refused, a minute', value: ({ refused }) => refused, least: 5 },
  { title: 'Wait for a worker, p99 of calls taken, seconds', value: ({ waitP99S }) => waitP99S, least: 5 },
  { title: 'Wait in lanes, p99, seconds (model)', value: ({ laneWaitP99S }) => laneWaitP99S, least: 0.2 },
];

/** Runs of one trace above each other in time: one SVG, nothing loaded from elsewhere. Of several minutes in one point the worst is shown. */
export function chartSvg(title: string, runs: readonly Run[]): string {
  const height = LEGEND + PANELS.length * (PANEL + GAP);
  const minutes = Math.max(1, ...runs.map(({ samples }) => samples.length));
  const panels = PANELS.map((panel, at) => panelSvg(panel, runs, minutes, LEGEND + at * (PANEL + GAP) + 24));
  const legend = runs.map(({ name }, at) => `<rect x="${LEFT + at * 220}" y="10" width="14" height="4" fill="${colourOf(at)}"/><text x="${LEFT + 20 + at * 220}" y="16">${escaped(name)}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="12" fill="#444">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>${legend.join('')}
${panels.join('\n')}
</svg>
`;
}

function panelSvg({ title, value, backdrop, least }: Panel, runs: readonly Run[], minutes: number, top: number): string {
  const all = runs.map(({ samples }) => points(samples.map(value)));
  // The callers of the run that refused the fewest: what was asked for, as far as any could give it.
  const longest = runs.map(({ samples }) => samples).reduce((one, other) => (other.length > one.length ? other : one), []);
  const behind = backdrop === undefined ? [] : points(longest.map((_sample, at) => Math.max(...runs.flatMap(({ samples }) => samples[at] ?? []).map(backdrop))));
  const most = niceAbove(Math.max(least, ...all.flat(), ...behind));
  const y = (at: number): number => top + PANEL - (at / most) * PANEL;
  const path = (values: readonly number[]): string => values.map((each, at) => `${at === 0 ? 'M' : 'L'}${xOf(at, values.length).toFixed(1)},${y(each).toFixed(1)}`).join('');
  const area = behind.length === 0 ? '' : `<path d="${path(behind)}L${WIDTH - RIGHT},${y(0)}L${LEFT},${y(0)}Z" fill="#bbb"/>`;
  const lines = all.map((values, at) => `<path d="${path(values)}" fill="none" stroke="${colourOf(at)}" stroke-width="1.6"/>`);
  const scale = [0, 0.5, 1].map((part) => `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(part * most)}" y2="${y(part * most)}" stroke="#ddd"/><text x="${LEFT - 6}" y="${y(part * most) + 4}" text-anchor="end">${shown(part * most)}</text>`);
  return `<text x="${LEFT}" y="${top - 8}" font-weight="600">${escaped(title)}</text>${scale.join('')}${area}${lines.join('')}${hours(minutes, top)}`;
}

function hours(minutes: number, top: number): string {
  const every = minutes > 720 ? 240 : minutes > 240 ? 60 : 30;
  const marks: string[] = [];
  for (let minute = 0; minute <= minutes; minute += every) {
    const x = LEFT + (minute / minutes) * (WIDTH - LEFT - RIGHT);
    marks.push(`<text x="${x.toFixed(1)}" y="${top + PANEL + 15}" text-anchor="middle">${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, '0')}</text>`);
  }
  return marks.join('');
}

function points(values: readonly number[]): number[] {
  const each = Math.max(1, Math.ceil(values.length / MOST_POINTS));
  return Array.from({ length: Math.ceil(values.length / each) }, (_none, at) => Math.max(...values.slice(at * each, (at + 1) * each)));
}

function xOf(at: number, count: number): number {
  return LEFT + (count < 2 ? 0 : at / (count - 1)) * (WIDTH - LEFT - RIGHT);
}

function colourOf(at: number): string {
  return RUN_COLOURS[at % RUN_COLOURS.length] ?? RUN_COLOURS[0];
}

/** The next of 1, 2, 5, 10, 20, … */
function niceAbove(value: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * magnitude).find((step) => step >= value) ?? value;
}

function shown(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Math.round(value * 100) / 100);
}

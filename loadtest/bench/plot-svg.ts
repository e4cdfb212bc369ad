import { escaped } from '../chaos/html.ts';
import type { Plot } from './suite.ts';

const WIDTH = 640;
const HEIGHT = 260;
const LEFT = 56;
const BOTTOM = 40;
const TOP = 12;
const RIGHT = 12;
const TICKS = 4;
/** Distinguishable also for those who see few colours; dashes repeat the message. */
const COLOURS = ['#0b6e99', '#c2571a', '#4b8b3b', '#7a4fa3', '#8a6d00', '#b03060'];
const DASHES = ['', '6 3', '2 3', '8 3 2 3', '', '6 3'];
/** From this ratio of largest to smallest on, a linear scale shows the smallest no more. */
const LOG_FROM = 50;

/** A plot as SVG, its series named below; logarithmic upwards where values are far apart. */
export function plotSvg({ title, xLabel, yLabel, series }: Plot): string {
  const points = series.flatMap(({ points: own }) => own);
  if (points.length === 0) return '';
  const x = scaleOf(points.map(([at]) => at), LEFT, WIDTH - RIGHT, false);
  const values = points.map(([, value]) => value);
  const y = scaleOf(values, HEIGHT - BOTTOM, TOP, isWide(values));
  const lines = series.map(({ points: own }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? '';
    const path = own.map(([at, value]) => `${x.place(at).toFixed(1)},${y.place(value).toFixed(1)}`).join(' ');
    const dots = own.length > 30 ? '' : own.map(([at, value]) => `<circle cx="${x.place(at).toFixed(1)}" cy="${y.place(value).toFixed(1)}" r="2.5" fill="${colour}"/>`).join('');
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.8" stroke-dasharray="${DASHES[index % DASHES.length] ?? ''}"/>${dots}`;
  });
  const rules = y.ticks.map((tick) => `<line class="rule" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.place(tick).toFixed(1)}" y2="${y.place(tick).toFixed(1)}"/><text class="y" x="${LEFT - 6}" y="${(y.place(tick) + 4).toFixed(1)}">${short(tick)}</text>`);
  const marks = x.ticks.map((tick) => `<text class="x" x="${x.place(tick).toFixed(1)}" y="${HEIGHT - BOTTOM + 16}">${short(tick)}</text>`);
  const legend = series.map(({ name }, index) => `<span style="color:${COLOURS[index % COLOURS.length] ?? ''}">━ ${escaped(name)}</span>`).join(' ');
  return (
    `<figure><figcaption>${escaped(title)} (${escaped(yLabel)}${y.isLog ? ', logarithmic' : ''})</figcaption>` +
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">${rules.join('')}${marks.join('')}` +
    `<text class="x" x="${(WIDTH + LEFT) / 2}" y="${HEIGHT - 6}">${escaped(xLabel)}</text>${lines.join('')}</svg><p class="legend">${legend}</p></figure>`
  );
}

interface Scale {
  readonly isLog: boolean;
  readonly ticks: readonly number[];
  place(value: number): number;
}

function isWide(values: readonly number[]): boolean {
  const least = Math.min(...values);
  return least > 0 && Math.max(...values) / least >= LOG_FROM;
}

function scaleOf(values: readonly number[], from: number, to: number, isLog: boolean): Scale {
  const most = Math.max(...values);
  const least = isLog ? Math.min(...values) : Math.min(...values, from > to ? 0 : Number.POSITIVE_INFINITY);
  const bend = isLog ? Math.log : (value: number): number => value;
  const span = bend(most) - bend(least) || 1;
  const place = (value: number): number => from + ((bend(value) - bend(least)) / span) * (to - from);
  const unbend = isLog ? Math.exp : (value: number): number => value;
  const ticks = Array.from({ length: TICKS + 1 }, (_, at) => unbend(bend(least) + (span * at) / TICKS));
  return { isLog, ticks, place };
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

import { LATENCY_STAGES } from '../../shared/protocol/agent-event.ts';
import type { HistoryPoint } from '../../shared/protocol/fleet-snapshot.ts';
import { clockWords, msWords } from './fleet-words.ts';
import { stageShares } from './latency-stages.ts';
import { newElement } from './page-element.ts';
import { placeOf, roundAbove, runsOf, stackedBands, type PlotPoint, type PlotScale } from './stacked-bands.ts';

const MOST_SHOWN_MS = 600_000;
/** A young fleet is not lost in an empty picture. */
const LEAST_SHOWN_MS = 120_000;
const MINUTE_MS = 60_000;
/** Units of the picture's own, stretched to whatever room there is. */
const WIDTH = 1000;
const HEIGHT = 400;
const SVG = 'http://www.w3.org/2000/svg';
/** Colour of each stage, as everywhere. */
const KINDS = new Map(stageShares(Object.fromEntries(LATENCY_STAGES.map((stage) => [stage, 0])) as Record<(typeof LATENCY_STAGES)[number], number>).map(({ stage, kind }) => [stage as string, kind]));

/** Mouth-to-ear over ten minutes: its parts stacked, and p95 as a line. */
export class FleetPlot {
  readonly #picture = document.createElementNS(SVG, 'svg');
  readonly #axis = newElement('div', 'axis');
  readonly #times = newElement('p', 'times');
  readonly #caption = newElement('p', 'caption');
  #history: HistoryPoint[] = [];
  #nowMs = 0;
  /** Where the pointer is over the plot, from 0 to 1. */
  #pointer: number | undefined;

  constructor(place: HTMLElement) {
    const frame = newElement('div', 'plot');
    this.#picture.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.#picture.setAttribute('preserveAspectRatio', 'none');
    this.#picture.setAttribute('role', 'img');
    frame.append(this.#picture, this.#axis);
    place.append(this.#caption, frame, this.#times);
    frame.addEventListener('pointermove', (event) => this.#point((event.clientX - frame.getBoundingClientRect().left) / Math.max(1, frame.clientWidth)));
    frame.addEventListener('pointerleave', () => this.#point(undefined));
  }

  /** Takes in points, again or new, and shows the last ten minutes before `nowMs`. */
  show(history: readonly HistoryPoint[], nowMs: number): void {
    const lastMs = this.#history.at(-1)?.at_ms ?? 0;
    const news = history.filter(({ at_ms }) => at_ms > lastMs);
    if (news.length === 0 && this.#nowMs > 0) return;
    this.#nowMs = nowMs;
    this.#history = [...this.#history, ...news].filter(({ at_ms }) => nowMs - at_ms <= MOST_SHOWN_MS);
    this.#draw();
    this.#tell();
  }

  /** How far back the picture goes: whole minutes, an even number of them. */
  get #shownMs(): number {
    const ageMs = this.#nowMs - (this.#history[0]?.at_ms ?? this.#nowMs);
    return Math.min(MOST_SHOWN_MS, Math.max(LEAST_SHOWN_MS, Math.ceil(ageMs / (2 * MINUTE_MS)) * 2 * MINUTE_MS));
  }

  #draw(): void {
    const top = Math.max(0, ...this.#history.map(({ p95_ms, stages_ms }) => Math.max(p95_ms ?? 0, Object.values(stages_ms).reduce((sum, ms) => sum + ms, 0))));
    const scale = { fromMs: this.#nowMs - this.#shownMs, toMs: this.#nowMs, mostMs: top === 0 ? 1000 : roundAbove(top) };
    const runs = runsOf(this.#history);
    this.#picture.replaceChildren(...runs.flatMap((run) => this.#run(run, scale)));
    this.#picture.setAttribute('aria-label', `Mouth to ear, up to ${msWords(top)} lately`);
    const halfMinutes = this.#shownMs / MINUTE_MS / 2;
    this.#times.replaceChildren(...[`${halfMinutes * 2} min ago`, `${halfMinutes} min ago`, 'now'].map((words) => newElement('span', '', words)));
    this.#axis.replaceChildren(...[1, 0.5].map((share) => {
      const mark = newElement('span', '', msWords(scale.mostMs * share));
      mark.style.top = `${(1 - share) * 100}%`;
      return mark;
    }));
  }

  #run(run: readonly HistoryPoint[], scale: PlotScale): SVGElement[] {
    const [first] = run;
    if (first === undefined) return [];
    // A single point is given the width of its time, so that it can be seen.
    const drawn = run.length === 1 ? [{ ...first, at_ms: first.at_ms - 2500 }, first] : run;
    const bands = stackedBands(drawn, LATENCY_STAGES, scale).map(({ stage, upper, lower }) => shape('polygon', `band ${KINDS.get(stage) ?? ''}`, [...upper, ...lower.toReversed()]));
    return [...bands, shape('polyline', 'p95', drawn.map(({ at_ms, p95_ms }) => placeOf(at_ms, p95_ms ?? 0, scale)))];
  }

  #point(share: number | undefined): void {
    this.#pointer = share;
    this.#tell();
  }

  /** Says the numbers under the pointer; the newest ones where there is none. */
  #tell(): void {
    const share = this.#pointer;
    const atMs = share === undefined ? this.#nowMs : this.#nowMs - this.#shownMs * (1 - share);
    const point = this.#history.reduce<HistoryPoint | undefined>((nearest, one) =>
      (nearest === undefined || Math.abs(one.at_ms - atMs) <= Math.abs(nearest.at_ms - atMs) ? one : nearest), undefined);
    if (point === undefined) return;
    const { at_ms, turns, callers, p50_ms, p95_ms } = point;
    const latency = turns === 0 ? 'no turns' : `p50 ${msWords(p50_ms)}, p95 ${msWords(p95_ms)}, ${turns} turn${turns === 1 ? '' : 's'} in 15 s`;
    this.#caption.textContent = `${clockWords(at_ms)} · ${latency}, ${callers} caller${callers === 1 ? '' : 's'}`;
  }
}

function shape(kind: 'polygon' | 'polyline', className: string, points: readonly PlotPoint[]): SVGElement {
  const made = document.createElementNS(SVG, kind);
  made.setAttribute('class', className);
  made.setAttribute('points', points.map(({ x, y }) => `${(x * WIDTH).toFixed(1)},${((1 - y) * HEIGHT).toFixed(1)}`).join(' '));
  return made;
}

import { eventsOf, type CallEvent, type CallEventOf, type CallLog } from './call-log.ts';
import type { Injection } from './faults.ts';
import { escaped } from './html.ts';
import { silencesOf } from './silence.ts';

const WIDTH = 1000;
const LEFT = 84;
const LANE = 34;
const BAR = 20;
const TOP = 26;
const LANES = ['faults', 'caller', 'agent', 'silence', 'line'] as const;
type LaneName = (typeof LANES)[number];
const HEIGHT = TOP + LANES.length * LANE + 26;
/** What is shown around the worst moment. */
const BEFORE_MS = 6000;
const AFTER_MS = 10_000;

interface Bar {
  readonly lane: LaneName;
  readonly kind: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly title: string;
}

/** The worst moment of a call as SVG: who spoke when, what was done to the fleet, how the connection stood. */
export function timelineSvg(log: CallLog, injections: readonly Injection[], usualDelayMs: number): string {
  const bars = [...faultBars(log, injections), ...callerBars(log), ...agentBars(log), ...silenceBars(log, usualDelayMs), ...lineBars(log)];
  const { fromMs, toMs } = frameOf(bars);
  const x = (ms: number): number => LEFT + ((Math.min(Math.max(ms, fromMs), toMs) - fromMs) / (toMs - fromMs)) * (WIDTH - LEFT);
  const shown = bars.filter((bar) => bar.toMs >= fromMs && bar.fromMs <= toMs);
  const drawn = shown.map(({ lane, kind, title, ...bar }) => {
    const y = TOP + LANES.indexOf(lane) * LANE + (LANE - BAR) / 2;
    return `<rect class="${kind}" x="${x(bar.fromMs).toFixed(1)}" y="${y}" width="${Math.max(2, x(bar.toMs) - x(bar.fromMs)).toFixed(1)}" height="${BAR}" rx="3"><title>${escaped(title)}</title></rect>`;
  });
  const marks = shown.filter(({ lane }) => lane === 'faults').map((bar) => `<line class="strike" x1="${x(bar.fromMs).toFixed(1)}" x2="${x(bar.fromMs).toFixed(1)}" y1="${TOP}" y2="${HEIGHT - 24}"/>`);
  const names = LANES.map((lane, at) => `<text class="lane" x="0" y="${TOP + at * LANE + LANE / 2 + 4}">${lane}</text>`);
  const label = `Timeline of call ${log.call}`;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">${ticks(fromMs, toMs, x)}${names.join('')}${marks.join('')}${drawn.join('')}</svg>`;
}

/** Around the longest silence; around the first fault where there was none. */
function frameOf(bars: readonly Bar[]): { readonly fromMs: number; readonly toMs: number } {
  const longest = bars.filter(({ lane }) => lane === 'silence').sort((one, other) => other.toMs - other.fromMs - (one.toMs - one.fromMs))[0];
  const fault = bars.findLast((bar) => bar.lane === 'faults' && bar.fromMs <= (longest?.toMs ?? Number.POSITIVE_INFINITY));
  const centre = Math.min(longest?.fromMs ?? Number.POSITIVE_INFINITY, fault?.fromMs ?? Number.POSITIVE_INFINITY);
  const fromMs = Math.max(0, (Number.isFinite(centre) ? Math.max(centre, (longest?.fromMs ?? centre) - BEFORE_MS) : BEFORE_MS) - BEFORE_MS);
  return { fromMs, toMs: Math.max(fromMs + BEFORE_MS + AFTER_MS, (longest?.toMs ?? 0) + BEFORE_MS / 2) };
}

function ticks(fromMs: number, toMs: number, x: (ms: number) => number): string {
  const everyMs = toMs - fromMs > 40_000 ? 5000 : 2000;
  const lines: string[] = [];
  for (let ms = Math.ceil(fromMs / everyMs) * everyMs; ms <= toMs; ms += everyMs) {
    lines.push(`<line class="grid" x1="${x(ms).toFixed(1)}" x2="${x(ms).toFixed(1)}" y1="${TOP}" y2="${HEIGHT - 24}"/><text class="tick" x="${x(ms).toFixed(1)}" y="${HEIGHT - 8}">${ms / 1000} s</text>`);
  }
  return lines.join('');
}

function faultBars({ call }: CallLog, injections: readonly Injection[]): Bar[] {
  return injections.map(({ atMs, healedAtMs = atMs, target, affected }) => ({
    lane: 'faults', kind: affected.includes(call) ? 'fault' : 'fault elsewhere', fromMs: atMs, toMs: healedAtMs, title: `${target}: ${seconds(atMs)} to ${seconds(healedAtMs)}`,
  }));
}

function callerBars(log: CallLog): Bar[] {
  const spoken = log.events.filter((event): event is CallEventOf<'utterance' | 'recording'> => event.kind === 'utterance' || event.kind === 'recording');
  return spoken.map((event) => ({ lane: 'caller', kind: 'caller', fromMs: event.fromMs, toMs: event.atMs, title: `${event.kind === 'recording' ? event.words : `utterance ${event.id}`}, ${seconds(event.fromMs)}` }));
}

/** An interrupted answer sounds until it is cleared. */
function agentBars(log: CallLog): Bar[] {
  const bars: Bar[] = [];
  log.events.forEach((event, at) => {
    if (event.kind !== 'audio' && event.kind !== 'voice') return;
    const cleared = log.events.slice(at).find((later) => later.kind === 'clear')?.atMs ?? Number.POSITIVE_INFINITY;
    if (cleared <= event.fromMs) return;
    const what = event.kind === 'audio' ? `sentence ${event.range.id}, samples ${event.range.from} to ${event.range.to}` : 'agent';
    bars.push({ lane: 'agent', kind: 'agent', fromMs: event.fromMs, toMs: Math.min(event.toMs, cleared), title: `${what}, ${seconds(event.fromMs)}` });
  });
  return bars;
}

function silenceBars(log: CallLog, usualDelayMs: number): Bar[] {
  return silencesOf(log, usualDelayMs).map(({ kind, toMs, extraMs }) => ({
    lane: 'silence', kind: 'silence', fromMs: toMs - extraMs, toMs, title: `${Math.round(extraMs)} ms more than usual ${kind === 'gap' ? 'within an answer' : 'before an answer'}`,
  }));
}

function lineBars(log: CallLog): Bar[] {
  const states = eventsOf(log, 'state');
  const endMs = log.events.at(-1)?.atMs ?? 0;
  const bars = states.map(({ name, detail, atMs }, at): Bar => ({ lane: 'line', kind: `line ${name}`, fromMs: atMs, toMs: states[at + 1]?.atMs ?? endMs, title: `${name} ${detail}`.trim() }));
  const told = log.events.filter((event): event is Extract<CallEvent, { kind: 'error' }> => event.kind === 'error');
  return [...bars, ...told.map(({ atMs, code }): Bar => ({ lane: 'line', kind: 'told', fromMs: atMs, toMs: atMs, title: `told: ${code}` }))];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

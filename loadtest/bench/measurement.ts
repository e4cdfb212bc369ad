import type { CallerResult, RelayPlan } from './caller-plan.ts';
import { runCallers, type CallerWatch } from './callers.ts';
import { cpuSeconds } from './process-usage.ts';
import type { Target } from './target.ts';

/** Connecting, and ending, take this long at the most, beside what is measured. */
const MOST_AROUND_MS = 90_000;
/** Callers who are this late are a machine that is too busy to measure on, or too few callers' processes. */
export const MOST_LATE_MS = 5;

/** What a target did under one load, and what it took. */
export interface Measurement {
  readonly target: string;
  readonly callers: number;
  readonly result: CallerResult;
  /** Seconds of CPU by process, while it was measured; `callers` are those who measure. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
}

/** How a relay is run. */
export interface RelayLoad {
  readonly callers: number;
  readonly framesPerSecond: number;
  readonly warmMs: number;
  readonly measureMs: number;
  readonly priority?: number;
  readonly tellsPlayed?: boolean;
}

/** Sends frames through a target and counts them and its CPU; `meet` hears how far its callers are. */
export async function measureRelay(target: Target, load: RelayLoad, meet: Pick<CallerWatch, 'onConnected' | 'onMeasuring'> = {}): Promise<Measurement> {
  const { callers, framesPerSecond, warmMs, measureMs, priority = 1, tellsPlayed = false } = load;
  const plan: RelayPlan = {
    kind: 'relay', dialect: target.dialect, awaitsFirst: target.awaitsFirst, framesPerSecond, warmMs, measureMs, priority, tellsPlayed,
    lines: await target.lines(callers, { kind: 'relay', priority }),
  };
  return measured(target, callers, ({ onMeasuring, onMeasured }) => runCallers(plan, warmMs + measureMs + MOST_AROUND_MS, {
    ...meet, onMeasured,
    onMeasuring: async (callersPid) => {
      onMeasuring(callersPid);
      await meet.onMeasuring?.(callersPid);
    },
  }));
}

/** Asks texts of a target, as the classic check of this service does. */
export async function measureTexts(target: Target, callers: number, messages: number): Promise<Measurement> {
  const lines = await target.lines(callers, { kind: 'text' });
  return measured(target, callers, (watch) => runCallers({ kind: 'text', dialect: target.dialect, lines, messages, inFlight: 10 }, MOST_AROUND_MS, watch));
}

/** Talks with a target in turns. */
export async function measureTurns(target: Target, callers: number, turns: number): Promise<Measurement> {
  const lines = await target.lines(callers, { kind: 'turns' });
  const mostMs = 15_000 + turns * 4000;
  return measured(target, callers, (watch) => runCallers({ kind: 'turns', dialect: target.dialect, lines, turns, mostMs }, mostMs + MOST_AROUND_MS, watch));
}

/** When what is measured begins and ends, told with the process that the callers are. */
interface Span {
  readonly onMeasuring: (callersPid: number) => void;
  readonly onMeasured: (callersPid: number) => void;
}

/** Notes the CPU that a target's processes, and the callers, use between the two moments that the callers tell. */
async function measured(target: Target, callers: number, run: (span: Span) => Promise<CallerResult>): Promise<Measurement> {
  const usage = (callersPid: number): Map<string, number> => {
    const used = new Map([...target.processes].map(([name, { pid }]) => [name, cpuSeconds(pid)]));
    return used.set('callers', cpuSeconds(callersPid));
  };
  let before = new Map<string, number>();
  let after = before;
  const result = await run({ onMeasuring: (pid) => void (before = usage(pid)), onMeasured: (pid) => void (after = usage(pid)) });
  const used = [...after].map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)] as const);
  return { target: target.name, callers, result, cpuSeconds: Object.fromEntries(used) };
}

/** Answers per second of CPU of these processes together: what one core would carry. */
export function answersPerCore({ result, cpuSeconds: used }: Measurement, processes: readonly string[]): number {
  const seconds = processes.reduce((sum, name) => sum + (used[name] ?? 0), 0);
  return seconds === 0 ? 0 : result.answered / seconds;
}

/** Share of what was sent that was not answered, or not as it should be. */
export function errorRate({ result }: Measurement): number {
  return result.sent === 0 ? 1 : (result.sent - result.answered + result.misplaced) / result.sent;
}

/** Whether the callers, not what they called, set the times. */
export function isLate({ result }: Measurement): boolean {
  return result.lateness.p99Ms > MOST_LATE_MS;
}

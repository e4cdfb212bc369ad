import { eventsOf, type CallLog } from './call-log.ts';
import type { Injection } from './faults.ts';
import { silencesOf, type Silence } from './silence.ts';

/** One call that one fault hit. Times in milliseconds. */
export interface Interruption {
  readonly call: number;
  readonly fault: number;
  /** The longest silence that would not have been without the fault; 0 where the caller noticed nothing. */
  readonly extraMs: number;
  /** From the fault to the first sign of it at the caller: a lost connection, or being told. */
  readonly detectedMs: number | undefined;
  /** From the fault until the caller was connected again or heard of the session's owner. */
  readonly claimedMs: number | undefined;
}

/** A fault's traces are looked for until so long after it was healed. */
const TRACES_MS = 10_000;

/** What each fault did to each call it hit. Pure. */
export function interruptionsOf(logs: readonly CallLog[], injections: readonly Injection[], usualDelayMs: number): Interruption[] {
  return logs.flatMap((log) => {
    const silences = silencesOf(log, usualDelayMs);
    const mine = injections.map((injection, fault) => ({ injection, fault })).filter(({ injection }) => injection.affected.includes(log.call));
    return mine.map(({ injection, fault }, at) => {
      const nextMs = mine[at + 1]?.injection.atMs ?? Number.POSITIVE_INFINITY;
      const untilMs = Math.min(nextMs, injection.healedAtMs + TRACES_MS);
      return { call: log.call, fault, ...traces(log, injection.atMs, untilMs), extraMs: longest(silences, injection.atMs, untilMs) };
    });
  });
}

/** The longest of the silences that are (in part) within this time. */
function longest(silences: readonly Silence[], fromMs: number, toMs: number): number {
  return silences.filter((silence) => silence.toMs > fromMs && silence.fromMs < toMs).reduce((most, { extraMs }) => Math.max(most, extraMs), 0);
}

const SIGNS: ReadonlySet<string> = new Set(['worker_lost', 'bus_unavailable', 'store_unavailable']);

function traces(log: CallLog, fromMs: number, toMs: number): Pick<Interruption, 'detectedMs' | 'claimedMs'> {
  const within = log.events.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const sign = within.find((event) => (event.kind === 'state' && event.name === 'reconnecting') || (event.kind === 'error' && SIGNS.has(event.code)));
  if (sign === undefined) return { detectedMs: undefined, claimedMs: undefined };
  const back = within.find((event) => event.atMs >= sign.atMs && (event.kind === 'audio' || event.kind === 'transcript' || (event.kind === 'state' && event.name === 'ready')));
  return { detectedMs: sign.atMs - fromMs, claimedMs: back === undefined ? undefined : back.atMs - fromMs };
}

/** How much was sent again when calls were resumed, as their clients tell. */
export function resumesOf(logs: readonly CallLog[]): number {
  return logs.reduce((sum, log) => sum + eventsOf(log, 'state').filter(({ name, detail }) => name === 'ready' && detail !== '').length, 0);
}

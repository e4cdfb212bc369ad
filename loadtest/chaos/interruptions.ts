import { eventsOf, type CallLog } from './call-log.ts';
import type { Injection } from './faults.ts';
import { answerKeyOfSentence } from './numbered-text.ts';
import { silencesOf, type Silence } from './silence.ts';

/** One call that one fault hit. Times in milliseconds. */
export interface Interruption {
  readonly call: number;
  readonly fault: number;
  /** The longest silence that would not have been without the fault; 0 where the caller noticed nothing. */
  readonly extraMs: number;
  /** From the fault to the first sign of it at the caller: a lost connection, or being told. */
  readonly detectedMs: number | undefined;
  /** From the fault until the call had an owner and a connection again: told by the store, or by the client. */
  readonly claimedMs: number | undefined;
  /** From the fault to the first word of the agent's side on what was under way, where something was. */
  readonly caughtUpMs: number | undefined;
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
      const untilMs = Math.min(nextMs, (injection.healedAtMs ?? injection.atMs) + TRACES_MS);
      return { call: log.call, fault, ...traces(log, injection, untilMs), extraMs: longest(silences, injection.atMs, untilMs) };
    });
  });
}

/** The longest of the silences that are (in part) within this time. */
function longest(silences: readonly Silence[], fromMs: number, toMs: number): number {
  return silences.filter((silence) => silence.toMs > fromMs && silence.fromMs < toMs).reduce((most, { extraMs }) => Math.max(most, extraMs), 0);
}

const SIGNS: ReadonlySet<string> = new Set(['worker_lost', 'bus_unavailable', 'store_unavailable']);

function traces(log: CallLog, { atMs: faultMs, claims = [] }: Injection, toMs: number): Pick<Interruption, 'detectedMs' | 'claimedMs' | 'caughtUpMs'> {
  const within = log.events.filter(({ atMs }) => atMs >= faultMs && atMs < toMs);
  const sign = within.find((event) => (event.kind === 'state' && event.name === 'reconnecting') || (event.kind === 'error' && SIGNS.has(event.code)));
  const ready = within.find((event) => event.kind === 'state' && event.name === 'ready');
  const claimedAtMs = claims.find(({ call }) => call === log.call)?.atMs ?? ready?.atMs;
  const word = within.find(({ kind, atMs }) => atMs >= (claimedAtMs ?? sign?.atMs ?? faultMs) && WORDS.has(kind));
  const since = (moment: number | undefined): number | undefined => (moment === undefined ? undefined : moment - faultMs);
  return { detectedMs: since(sign?.atMs), claimedMs: since(claimedAtMs), caughtUpMs: isUnderWay(log, faultMs) ? since(word?.atMs) : undefined };
}

const WORDS: ReadonlySet<string> = new Set(['audio', 'voice', 'partial', 'transcript']);

/** Whether the caller was speaking, or waiting for an answer, or hearing one. */
function isUnderWay(log: CallLog, atMs: number): boolean {
  return eventsOf(log, 'utterance').some((utterance) => {
    const last = log.events.findLast((event) => event.kind === 'audio' && answerKeyOfSentence(event.range.id).utterance === utterance.id);
    return utterance.fromMs <= atMs && atMs < (last?.kind === 'audio' ? last.atMs : utterance.atMs);
  });
}

/** How much was sent again when calls were resumed, as their clients tell. */
export function resumesOf(logs: readonly CallLog[]): number {
  return logs.reduce((sum, log) => sum + eventsOf(log, 'state').filter(({ name, detail }) => name === 'ready' && detail !== '').length, 0);
}

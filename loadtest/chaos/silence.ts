import { isOfAnswer } from './agent-account.ts';
import { eventsOf, type CallEventOf, type CallLog } from './call-log.ts';
import { answerKeyOfSentence } from './numbered-text.ts';

/** A stretch in which the caller heard nothing although something was due. */
export interface Silence {
  /** In the middle of an answer, or before its first sound. */
  readonly kind: 'gap' | 'answer';
  readonly fromMs: number;
  readonly toMs: number;
  /** How much of it would not have been without a fault. */
  readonly extraMs: number;
}

/** Playing on a little late is no gap: a device's clock and a timer are not one. */
const LEAST_GAP_MS = 20;

/** From the end of each utterance to the first sound of its answer, in milliseconds; utterances without an answer are left out. */
export function answerDelays(log: CallLog): { readonly atMs: number; readonly delayMs: number }[] {
  const audio = eventsOf(log, 'audio');
  return eventsOf(log, 'utterance').flatMap(({ id, atMs }) => {
    const first = audio.find((event) => isOfAnswer(event, { utterance: id, part: 0 }));
    return first === undefined ? [] : [{ atMs, delayMs: first.fromMs - atMs }];
  });
}

/**
 * Every silence of a call that is longer than it had to be. `usualDelayMs` is what an answer takes without faults. An answer
 * that never came was silent until the caller gave up, or until the end of the log. Pure.
 */
export function silencesOf(log: CallLog, usualDelayMs: number): Silence[] {
  return [...lateAnswers(log, usualDelayMs), ...gaps(log)].sort((one, other) => one.fromMs - other.fromMs);
}

function lateAnswers(log: CallLog, usualDelayMs: number): Silence[] {
  const audio = eventsOf(log, 'audio');
  const endMs = log.events.at(-1)?.atMs ?? 0;
  const givenUp = eventsOf(log, 'given_up');
  return eventsOf(log, 'utterance').flatMap(({ id, atMs }) => {
    const first = audio.find((event) => isOfAnswer(event, { utterance: id, part: 0 }));
    const toMs = first?.fromMs ?? givenUp.find((event) => event.atMs >= atMs)?.atMs ?? endMs;
    const extraMs = toMs - atMs - usualDelayMs;
    return extraMs > 0 ? [{ kind: 'answer', fromMs: atMs, toMs, extraMs }] : [];
  });
}

/** Between the end of what sounds and the next sound of the same answer. */
function gaps(log: CallLog): Silence[] {
  const found: Silence[] = [];
  let last: CallEventOf<'audio'> | undefined;
  for (const event of log.events) {
    if (event.kind === 'clear') last = undefined;
    if (event.kind !== 'audio') continue;
    const gapMs = last !== undefined && isSameAnswer(last, event) ? event.fromMs - last.toMs : 0;
    if (last !== undefined && gapMs >= LEAST_GAP_MS) found.push({ kind: 'gap', fromMs: last.toMs, toMs: event.fromMs, extraMs: gapMs });
    last = event;
  }
  return found;
}

function isSameAnswer(one: CallEventOf<'audio'>, other: CallEventOf<'audio'>): boolean {
  return isOfAnswer(other, answerKeyOfSentence(one.range.id));
}

/** The value below which this part (0 to 1) of all lies; 0 where there is none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(part * sorted.length) - 1))] ?? 0;
}

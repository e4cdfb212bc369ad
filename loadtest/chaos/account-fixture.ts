import type { CallEvent, CallLog } from './call-log.ts';
import { answerPlan, transcriptOf, utteranceId, utteranceSamples, type PlannedSentence } from './numbered-text.ts';

/** What the agent's answer to an utterance is, made for tests. */
export interface Exchange {
  readonly id: number;
  readonly samples: number;
  readonly plan: readonly PlannedSentence[];
}

/** The `index`-th utterance of a caller and its answer. */
export function exchange(call: number, index: number): Exchange {
  const id = utteranceId(call, index);
  return { id, samples: utteranceSamples(id), plan: answerPlan({ utterance: id, part: 0 }) };
}

/** The first utterance of a caller whose answer has so many sentences. */
export function exchangeWith(call: number, sentences: number): Exchange {
  for (let index = 0; ; index += 1) {
    const found = exchange(call, index);
    if (found.plan.length === sentences) return found;
  }
}

/** An utterance spoken in full, ending at `atMs`. */
export function spoke({ id, samples }: Exchange, atMs: number, isBargeIn = false): CallEvent {
  return { kind: 'utterance', atMs, fromMs: atMs - samples / 16, id, takenSamples: samples, isBargeIn };
}

/** A final transcript of these samples of an utterance; all where nothing is said. */
export function understood({ id, samples }: Exchange, turn: number, ranges: readonly (readonly [from: number, to: number])[] = [[0, samples]]): CallEvent {
  return { kind: 'transcript', atMs: 0, turn, text: transcriptOf(ranges.map(([from, to]) => ({ id, from, to })), 0) };
}

/** Samples of one sentence of the answer, sounding from `fromMs` on. */
export function heard(sentence: PlannedSentence | undefined, fromMs: number, [from, to]: readonly [number, number] = [0, sentence?.samples ?? 0]): CallEvent {
  if (sentence === undefined) throw new Error('the answer has no such sentence');
  return { kind: 'audio', atMs: fromMs, fromMs, toMs: fromMs + (to - from) / 16, range: { id: sentence.id, from, to } };
}

/** The whole answer, one sentence after the other. */
export function heardAll({ plan }: Exchange, fromMs: number): CallEvent[] {
  let atMs = fromMs;
  return plan.map((sentence) => {
    const event = heard(sentence, atMs);
    atMs += sentence.samples / 16;
    return event;
  });
}

/** A call with these events; what is stored is unknown unless given. */
export function callLog(events: readonly CallEvent[], stored?: readonly string[], call = 0): CallLog {
  return { call, sessionId: 'session', events, stored };
}

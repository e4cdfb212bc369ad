import { eventsOf, type CallEventOf, type CallLog } from './call-log.ts';
import { Coverage } from './coverage.ts';
import { answerKeyOfSentence, answerPlan, callOfUtterance, type AnswerKey, type PlannedSentence } from './numbered-text.ts';

/** How one caller heard the agent: samples, sentences and answers. */
export interface AgentAccount {
  /** Samples that came, each once. */
  readonly heard: number;
  /** Samples that never came and that no interruption excuses. */
  readonly lost: number;
  readonly repeated: number;
  /** Samples that came after later ones of the same answer. */
  readonly disordered: number;
  readonly damaged: number;
  /** Samples of another caller's answers. */
  readonly foreign: number;
  readonly sentencesRepeated: number;
  readonly sentencesSkipped: number;
  /** How often a sentence went on after another one had begun to sound. */
  readonly doubleVoices: number;
  /** Utterances that got no answer until the caller's patience ended. */
  readonly unanswered: number;
}

/** One answer as it came. */
interface HeardAnswer {
  readonly plan: readonly PlannedSentence[];
  readonly coverage: Coverage;
}

/**
 * Accounts for every sample of the agent. An answer has to come whole unless the caller spoke again while it came (a
 * barge-in, or an utterance that was cut in two); what came of it must be its beginning without a hole. Pure.
 */
export function accountAgent(log: CallLog): AgentAccount {
  const answers = new Map<string, HeardAnswer>();
  const sums = { heard: 0, repeated: 0, disordered: 0, foreign: 0, sentencesRepeated: 0, doubleVoices: 0 };
  const left = new Set<number>();
  let current: number | undefined;
  for (const { range } of eventsOf(log, 'audio')) {
    const key = answerKeyOfSentence(range.id);
    if (callOfUtterance(key.utterance) !== log.call) {
      sums.foreign += range.to - range.from;
      continue;
    }
    const answer = answerOf(answers, key);
    const base = offsetOf(answer.plan, range.id);
    const { fresh, repeated, late } = answer.coverage.add(base + range.from, base + range.to);
    sums.heard += fresh;
    sums.repeated += repeated;
    sums.disordered += late;
    if (repeated > 0) sums.sentencesRepeated += 1;
    if (current !== undefined && current !== range.id) left.add(current);
    if (fresh > 0 && current !== range.id && left.has(range.id)) sums.doubleVoices += 1;
    current = range.id;
  }
  const damaged = eventsOf(log, 'damage').reduce((sum, { samples }) => sum + samples, 0);
  return { ...sums, damaged, ...missingOf(log, answers) };
}

function missingOf(log: CallLog, answers: Map<string, HeardAnswer>): Pick<AgentAccount, 'lost' | 'sentencesSkipped' | 'unanswered'> {
  const due = dueAnswers(log);
  let lost = 0;
  let sentencesSkipped = 0;
  let unanswered = 0;
  for (const [name, key] of due) {
    if (answers.has(name)) continue;
    unanswered += 1;
    lost += lengthOf(answerPlan(key));
  }
  for (const [name, { plan, coverage }] of answers) {
    const length = due.has(name) ? lengthOf(plan) : coverage.end;
    lost += coverage.missing(length);
    sentencesSkipped += skipped(plan, coverage, length);
  }
  return { lost, sentencesSkipped, unanswered };
}

/** The answers that have to come to their end: those to whole utterances after which the caller waited. */
function dueAnswers(log: CallLog): ReadonlyMap<string, AnswerKey> {
  const utterances = eventsOf(log, 'utterance');
  const whole = new Map<string, AnswerKey>();
  utterances.forEach(({ id }, at) => {
    const key = { utterance: id, part: 0 };
    if (utterances[at + 1]?.isBargeIn !== true) whole.set(nameOf(key), key);
  });
  return whole;
}

function answerOf(answers: Map<string, HeardAnswer>, key: AnswerKey): HeardAnswer {
  const name = nameOf(key);
  const known = answers.get(name);
  if (known !== undefined) return known;
  const answer = { plan: answerPlan(key), coverage: new Coverage() };
  answers.set(name, answer);
  return answer;
}

function skipped(plan: readonly PlannedSentence[], coverage: Coverage, length: number): number {
  return plan.filter(({ id, samples }) => {
    const from = offsetOf(plan, id);
    return from + samples <= length && coverage.missing(from + samples) - coverage.missing(from) === samples;
  }).length;
}

/** Where a sentence begins in its answer; beyond the end for one that the answer does not have. */
function offsetOf(plan: readonly PlannedSentence[], id: number): number {
  const index = plan.findIndex((sentence) => sentence.id === id);
  return lengthOf(index < 0 ? plan : plan.slice(0, index));
}

function lengthOf(plan: readonly PlannedSentence[]): number {
  return plan.reduce((sum, { samples }) => sum + samples, 0);
}

function nameOf({ utterance, part }: AnswerKey): string {
  return `${utterance}/${part}`;
}

/** Which audio events belong to one answer, in order. */
export function isOfAnswer(event: CallEventOf<'audio'>, { utterance, part }: AnswerKey): boolean {
  const key = answerKeyOfSentence(event.range.id);
  return key.utterance === utterance && key.part === part;
}

import { accountAgent, type AgentAccount } from './agent-account.ts';
import { eventsOf, type CallLog } from './call-log.ts';
import { accountCaller, type CallerAccount } from './caller-account.ts';
import type { CallsRunRecord } from './calls-run.ts';
import type { Injection } from './faults.ts';
import { interruptionsOf, resumesOf, type Interruption } from './interruptions.ts';
import { answerToQuestion } from './numbered-text.ts';
import { answerDelays, quantile } from './silence.ts';
import type { Trial, Verdict } from './trial.ts';
import { accountWords, type WordAccount } from './word-account.ts';

/** How many, and the value below which half of them, 99 % of them and all of them lie. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Everything counted in one run. */
export interface Counts {
  readonly calls: number;
  readonly callsLost: number;
  readonly faults: number;
  readonly resumes: number;
  readonly caller: CallerAccount;
  readonly agent: AgentAccount;
  readonly words: WordAccount;
  readonly questions: number;
  readonly questionsUnanswered: number;
  readonly answersTooMany: number;
}

/** One run, counted. Milliseconds throughout. */
export interface Judgement {
  readonly trial: Trial;
  readonly counts: Counts;
  /** End of speech to the first sound of the answer, without faults. */
  readonly usualDelayMs: number;
  /** Per fault and call it hit: the longest silence that would not have been. */
  readonly extraSilence: Spread;
  readonly detected: Spread;
  readonly claimed: Spread;
  readonly caughtUp: Spread;
  /** What the fault itself took until everything was there again, callers' connections included. */
  readonly healed: Spread;
  /** How late the measuring process itself was at the most. */
  readonly lateMs: number;
  readonly interruptions: readonly Interruption[];
  readonly injections: readonly Injection[];
  /** The call with the longest extra silence, or the one that lost most. */
  readonly worst: CallLog | undefined;
  /** What is promised of this trial beside what is promised of every call. */
  readonly more?: readonly Verdict[];
}

/** Counts what became of a run's calls. Pure. */
export function judge(trial: Trial, { logs, injections, warmUpMs, lateMs }: CallsRunRecord): Judgement {
  const delays = logs.flatMap(answerDelays);
  const calm = delays.filter(({ atMs }) => atMs < warmUpMs);
  const usualDelayMs = quantile((calm.length > 0 ? calm : delays).map(({ delayMs }) => delayMs), 0.5);
  const interruptions = interruptionsOf(logs, injections, usualDelayMs);
  return {
    trial, usualDelayMs, lateMs, interruptions, injections,
    counts: countsOf(logs, injections),
    extraSilence: spreadOf(interruptions.map(({ extraMs }) => extraMs)),
    detected: spreadOf(interruptions.flatMap(({ detectedMs }) => detectedMs ?? [])),
    claimed: spreadOf(interruptions.flatMap(({ claimedMs }) => claimedMs ?? [])),
    caughtUp: spreadOf(interruptions.flatMap(({ caughtUpMs }) => caughtUpMs ?? [])),
    healed: spreadOf(injections.flatMap(({ atMs, healedAtMs }) => (healedAtMs === undefined ? [] : healedAtMs - atMs))),
    worst: worstOf(logs, interruptions),
  };
}

function countsOf(logs: readonly CallLog[], injections: readonly Injection[]): Counts {
  const numbered = logs.filter((log) => eventsOf(log, 'recording').length === 0);
  const questions = logs.flatMap((log) => eventsOf(log, 'question').map(({ text }) => ({ log, text })));
  const answers = logs.reduce((sum, log) => sum + eventsOf(log, 'answer').length, 0);
  const answered = questions.filter(({ log, text }) => eventsOf(log, 'answer').some((answer) => answer.text === answerToQuestion(text))).length;
  return {
    calls: logs.length,
    callsLost: logs.filter((log) => eventsOf(log, 'lost').length > 0).length,
    faults: injections.length,
    resumes: resumesOf(logs),
    caller: summed(numbered.map(accountCaller)) ?? accountCaller(EMPTY),
    agent: summed(numbered.map(accountAgent)) ?? accountAgent(EMPTY),
    words: wordsOf(logs),
    questions: questions.length,
    questionsUnanswered: questions.length - answered,
    answersTooMany: answers - answered,
  };
}

const EMPTY: CallLog = { call: 0, sessionId: '', events: [], stored: [] };

function wordsOf(logs: readonly CallLog[]): WordAccount {
  const recorded = logs.filter((log) => eventsOf(log, 'recording').length > 0);
  return summed(recorded.map((log) => {
    const understood = log.stored ?? eventsOf(log, 'transcript').map(({ text }) => text);
    return accountWords(eventsOf(log, 'recording').map(({ words }) => words), understood);
  })) ?? { said: 0, lost: 0, added: 0 };
}

/** The call a reader learns most from: a broken one before a slow one. */
function worstOf(logs: readonly CallLog[], interruptions: readonly Interruption[]): CallLog | undefined {
  const badness = (log: CallLog): number => {
    const caller = accountCaller(log);
    const agent = accountAgent(log);
    const broken = eventsOf(log, 'lost').length * 1e6 + caller.lost + caller.repeated + agent.lost + agent.repeated + agent.disordered;
    return broken * 1e3 + Math.max(0, ...interruptions.filter(({ call }) => call === log.call).map(({ extraMs }) => extraMs));
  };
  return logs.map((log) => ({ log, bad: badness(log) })).sort((one, other) => other.bad - one.bad)[0]?.log;
}

/** Field by field. */
function summed<T extends { readonly [K in keyof T]: number }>(accounts: readonly T[]): T | undefined {
  return accounts.length === 0 ? undefined : accounts.reduce((sum, account) => {
    const fields = Object.entries<number>(sum).map(([name, value]) => [name, value + account[name as keyof T]]);
    return { ...sum, ...Object.fromEntries(fields) as Partial<T> };
  });
}

function spreadOf(values: readonly number[]): Spread {
  return { count: values.length, p50: quantile(values, 0.5), p99: quantile(values, 0.99), max: quantile(values, 1) };
}

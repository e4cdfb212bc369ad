import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from './caller.ts';
import { Coverage } from './coverage.ts';
import { numberedSamples } from './numbered-samples.ts';
import { answerKeyOfSentence, answerPlan, answerToQuestion, questionText, utteranceId, utteranceSamples } from './numbered-text.ts';
import { seededRandom, seedOf, wholeBetween, type Random } from './random.ts';

/** What a caller does next. */
export type CallerStep =
  /** Speaks; `interruptsAfterMs`: does not wait for the end of the answer, but speaks on so long after its first sound. */
  | { readonly kind: 'speak'; readonly pauseMs: number; readonly interruptsAfterMs: number | undefined }
  /** Types a question. */
  | { readonly kind: 'type'; readonly pauseMs: number };

const PAUSE_MS = [200, 900] as const;
const INTERRUPT_MS = [300, 1500] as const;
const INTERRUPTS = 0.15;
const TYPES = 0.15;

/** Without end: what one caller does, the same for the same seed. */
export function* callerSteps(seed: number, call: number): Generator<CallerStep, never> {
  const random: Random = seededRandom(seedOf(seed, `caller ${call}`));
  for (;;) {
    const pauseMs = wholeBetween(random, ...PAUSE_MS);
    const chance = random();
    const interruptMs = wholeBetween(random, ...INTERRUPT_MS);
    if (chance < TYPES) yield { kind: 'type', pauseMs };
    else yield { kind: 'speak', pauseMs, interruptsAfterMs: chance > 1 - INTERRUPTS ? interruptMs : undefined };
  }
}

/** Talks with the agent in numbers until `isOver`; then waits for the last answer. `patienceMs`: so long an answer is waited for. */
export async function converseInNumbers(caller: Caller, seed: number, patienceMs: number, isOver: () => boolean): Promise<void> {
  const steps = callerSteps(seed, caller.call);
  let utterances = 0;
  let questions = 0;
  let isBargeIn = false;
  await caller.until(() => caller.events.some((event) => event.kind === 'state' && event.name === 'ready'), patienceMs);
  while (!isOver() && !caller.isLost()) {
    const step = steps.next().value;
    if (!isBargeIn) await sleep(step.pauseMs);
    if (step.kind === 'type') {
      // Who interrupts does so by voice.
      if (!isBargeIn) await askAndWait(caller, questionText(caller.call, questions++), patienceMs);
      continue;
    }
    const id = utteranceId(caller.call, utterances++);
    const { fromMs, takenSamples } = await caller.say(numberedSamples({ id, from: 0, to: utteranceSamples(id) }));
    if (caller.isLost()) return;
    caller.note({ kind: 'utterance', atMs: caller.nowMs, fromMs, id, takenSamples, isBargeIn });
    isBargeIn = await listen(caller, id, isOver() ? undefined : step.interruptsAfterMs, patienceMs);
  }
}

async function askAndWait(caller: Caller, question: string, patienceMs: number): Promise<void> {
  const answer = answerToQuestion(question);
  caller.ask(question);
  const answered = await caller.until(() => caller.events.some((event) => event.kind === 'answer' && event.text === answer), patienceMs);
  if (answered === undefined && !caller.isLost()) caller.note({ kind: 'given_up', atMs: caller.nowMs, waitedFor: question });
}

/** Waits for the answer to sound to its end; answers whether the caller interrupts it instead. */
async function listen(caller: Caller, utterance: number, interruptsAfterMs: number | undefined, patienceMs: number): Promise<boolean> {
  const began = await caller.until(() => heardOf(caller, utterance).end > 0, patienceMs);
  if (began === undefined) return giveUp(caller, utterance);
  if (interruptsAfterMs !== undefined) {
    await sleep(interruptsAfterMs);
    if (caller.nowMs < caller.playout.endsAtMs) return true;
  }
  const length = answerPlan({ utterance, part: 0 }).reduce((sum, { samples }) => sum + samples, 0);
  const came = await caller.until(() => heardOf(caller, utterance).end >= length, patienceMs);
  if (came === undefined) return giveUp(caller, utterance);
  await sleep(Math.max(0, caller.playout.endsAtMs - caller.nowMs));
  return false;
}

function giveUp(caller: Caller, utterance: number): false {
  if (!caller.isLost()) caller.note({ kind: 'given_up', atMs: caller.nowMs, waitedFor: `utterance ${utterance}` });
  return false;
}

/** What came of the answer to a whole utterance. The newest events hold it. */
function heardOf(caller: Caller, utterance: number): Coverage {
  const plan = answerPlan({ utterance, part: 0 });
  const coverage = new Coverage();
  for (let at = caller.events.length - 1; at >= 0; at -= 1) {
    const event = caller.events[at];
    if (event?.kind === 'utterance' && event.id < utterance) break;
    if (event?.kind !== 'audio') continue;
    const key = answerKeyOfSentence(event.range.id);
    if (key.utterance !== utterance || key.part !== 0) continue;
    const index = plan.findIndex(({ id }) => id === event.range.id);
    const offset = plan.slice(0, index).reduce((sum, { samples }) => sum + samples, 0);
    coverage.add(offset + event.range.from, offset + event.range.to);
  }
  return coverage;
}

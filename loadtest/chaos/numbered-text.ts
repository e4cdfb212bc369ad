import { seededRandom, seedOf, wholeBetween } from './random.ts';
import type { SampleRange } from './numbered-samples.ts';

/**
 * What numbered callers and their agents say, as text and as plans. Everything follows from ids, so that whoever reads a
 * transcript, a stored item or a sample knows what must come of it.
 */

const RATE_HZ = 16_000;
const FRAME_MS = 20;
const UTTERANCE_MS = [1000, 2600] as const;
const SENTENCE_MS = [600, 1600] as const;
const MOST_SENTENCES = 3;
/** Utterances of one call, and calls, that have ids of their own. */
const UTTERANCES_PER_CALL = 1024;
const CALLS = 1024;
/** Places of an utterance that a partly heard one may end in, told apart in the ids of the answer's sentences. */
const PARTS = 16;
const PART_SAMPLES = 4096;
const SENTENCE_IDS = 8;

/** The id of the `index`-th utterance of a call; both wrap. */
export function utteranceId(call: number, index: number): number {
  return (call % CALLS) * UTTERANCES_PER_CALL + (index % UTTERANCES_PER_CALL);
}

/** The call an utterance is of, modulo the number of calls with ids. */
export function callOfUtterance(id: number): number {
  return Math.floor(id / UTTERANCES_PER_CALL);
}

/** How many samples an utterance has: whole frames. */
export function utteranceSamples(id: number): number {
  return frames(seedOf(id, 'utterance'), UTTERANCE_MS);
}

/** What was heard of a caller, as the recognizer writes it. */
export function transcriptOf(ranges: readonly SampleRange[], damagedSamples: number): string {
  const words = ranges.map(({ id, from, to }) => `${id}:${from}-${to}`);
  return ['heard', ...words, ...(damagedSamples > 0 ? [`damaged:${damagedSamples}`] : [])].join(' ');
}

/** The ranges in a transcript, in its order; none where it is no transcript of numbered speech. */
export function rangesIn(transcript: string): SampleRange[] {
  return [...transcript.matchAll(/\b(\d+):(\d+)-(\d+)\b/g)].map(([, id, from, to]) => ({ id: Number(id), from: Number(from), to: Number(to) }));
}

/** Samples that the recognizer could make nothing of. */
export function damagedIn(transcript: string): number {
  return Number(/\bdamaged:(\d+)/.exec(transcript)?.[1] ?? 0);
}

/** One sentence of an answer: its speech is the numbered stretch with its id. */
export interface PlannedSentence {
  readonly id: number;
  readonly samples: number;
}

/** What an answer answers: an utterance, as far as it was heard when its turn ended. */
export interface AnswerKey {
  readonly utterance: number;
  /** 0: to its end. */
  readonly part: number;
}

/** What the agent answers to a transcript: the last thing in it decides. Undefined where it is no transcript of numbered speech. */
export function answerKeyOf(transcript: string): AnswerKey | undefined {
  const last = rangesIn(transcript).at(-1);
  if (last === undefined) return undefined;
  return { utterance: last.id, part: last.to >= utteranceSamples(last.id) ? 0 : 1 + Math.min(PARTS - 2, Math.floor(last.to / PART_SAMPLES)) };
}

/** The sentences of an answer. */
export function answerPlan(key: AnswerKey): PlannedSentence[] {
  const base = (key.utterance * PARTS + key.part) * SENTENCE_IDS;
  const count = wholeBetween(seededRandom(seedOf(base, 'answer')), 1, MOST_SENTENCES);
  return Array.from({ length: count }, (_, index) => ({ id: base + index, samples: frames(seedOf(base + index, 'sentence'), SENTENCE_MS) }));
}

/** The answer that a sentence is part of. */
export function answerKeyOfSentence(id: number): AnswerKey {
  const answer = Math.floor(id / SENTENCE_IDS);
  return { utterance: Math.floor(answer / PARTS), part: answer % PARTS };
}

/** A sentence as the agent says it: one that no splitter cuts. */
export function sentenceText({ id, samples }: PlannedSentence): string {
  return `Sentence ${id} has ${samples} samples.`;
}

/** Every sentence in a text of the agent. */
export function sentencesIn(text: string): PlannedSentence[] {
  return [...text.matchAll(/Sentence (\d+) has (\d+) samples\./g)].map(([, id, samples]) => ({ id: Number(id), samples: Number(samples) }));
}

/** What a caller types, and what must come of it. */
export function questionText(call: number, index: number): string {
  return `question ${call}-${index}`;
}

/** The answer to a typed question, or undefined where the text is none. */
export function answerToQuestion(text: string): string | undefined {
  const name = /^question (\d+-\d+)$/.exec(text)?.[1];
  return name === undefined ? undefined : `answer ${name}`;
}

function frames(seed: number, [leastMs, mostMs]: readonly [number, number]): number {
  const count = wholeBetween(seededRandom(seed), leastMs / FRAME_MS, mostMs / FRAME_MS);
  return (count * FRAME_MS * RATE_HZ) / 1000;
}

import { capitalized, say, type Intent } from './intent.ts';
import { numberInWords, parseNumber } from './spoken-number.ts';

/** Nobody listens to more. */
const MAX_COUNT = 100;

/** So many numbers make one sentence: speech begins while the rest is still to be synthesized. */
const NUMBERS_PER_SENTENCE = 10;

const UP_TO = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 20, 100];
const FROM = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Counts up or down between two whole numbers. */
export const counting: Intent = {
  name: 'counting',
  offer: 'count, for example from three to nine',
  phrases: [
    ...UP_TO.map((to) => `count to ${words(to)}`),
    ...FROM.map((from) => `count from ${words(from)} to ${words(FROM[(from + 4) % FROM.length] ?? 1)}`),
    ...[3, 5, 10].map((from) => `count backwards from ${words(from)}`),
    'please count to ten',
  ],
  answer: ({ words: heard }) => {
    const range = parseRange(heard);
    if (range === undefined) return undefined;
    const length = Math.abs(range.to - range.from) + 1;
    if (!Number.isInteger(length)) return say('I can count whole numbers only.');
    return length > MAX_COUNT ? say(`I can count ${words(MAX_COUNT)} numbers at most.`) : say(...countedIn(range));
  },
};

/** Reads "count [up|down|backwards] [from A] [to B]", without numbers to ten; "count" may be lost where both are there. */
function parseRange(heard: readonly string[]): Range | undefined {
  const counted = heard[0] === 'count' ? heard.slice(1) : heard;
  const isDown = /^(?:down|backwards?)$/.test(counted[0] ?? '');
  const bounds = isDown || counted[0] === 'up' ? counted.slice(1) : counted;
  const from = boundAfter(bounds, 0, /^from$/);
  const to = boundAfter(bounds, from?.next ?? 0, /^(?:to|until|till)$/);
  if ((to?.next ?? from?.next ?? 0) !== bounds.length) return undefined;
  if (counted === heard && (from === undefined || to === undefined)) return undefined;
  if (isDown) return { from: from?.value ?? 10, to: to?.value ?? 0 };
  return { from: from?.value ?? 1, to: to?.value ?? Math.max(10, from?.value ?? 10) };
}

function boundAfter(words: readonly string[], at: number, preposition: RegExp): ReturnType<typeof parseNumber> {
  return preposition.test(words[at] ?? '') ? parseNumber(words, at + 1) : undefined;
}

function countedIn({ from, to }: Range): readonly string[] {
  const step = from <= to ? 1 : -1;
  const numbers = Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => words(from + i * step));
  const sentences: string[] = [];
  for (let at = 0; at < numbers.length; at += NUMBERS_PER_SENTENCE) {
    sentences.push(`${capitalized(numbers.slice(at, at + NUMBERS_PER_SENTENCE).join(', '))}.`);
  }
  return sentences;
}

function words(value: number): string {
  return numberInWords(value) ?? String(value);
}

import { numberInWords } from './spoken-number.ts';

const DIGITS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const LARGER = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 30, 40, 50, 60, 70, 80, 90, 0];
const OPERATORS = ['plus', 'minus', 'times'] as const;

/**
 * Sums that make a trigram model and a nearest-phrase check cover sums of any two numbers, without listing all:
 * every pair of digits is there (a model knows "three plus" to be followed by each digit), half of them as a question
 * and half bare; each larger number is there on both sides of each operator, so that any pair of single-word numbers is
 * one word away from a listed sum.
 */
export function arithmeticPhrases(): readonly string[] {
  return [
    ...OPERATORS.flatMap((operator) => digitPairs(operator)),
    ...OPERATORS.flatMap((operator) => largerPairs(operator)),
    ...[...DIGITS, ...LARGER.slice(0, -1)].map((divisor, i) => asked(i, `${words(dividendOf(i))} divided by ${words(divisor)}`)),
  ];
}

function digitPairs(operator: string): readonly string[] {
  const pairs = DIGITS.flatMap((left) => DIGITS.map((right) => ({ left, right })));
  return pairs
    .filter(({ left, right }) => operator !== 'minus' || left >= right)
    .map(({ left, right }) => asked(left + right, `${words(left)} ${operator} ${words(right)}`));
}

function largerPairs(operator: string): readonly string[] {
  return LARGER.map((left, i) => asked(0, `${words(left)} ${operator} ${words(LARGER[(i + 1) % LARGER.length] ?? 0)}`));
}

/** Every number once as a dividend too, larger ones first. */
function dividendOf(i: number): number {
  const all = [...LARGER.slice(0, -1), ...DIGITS];
  return all[i % all.length] ?? 0;
}

function asked(parity: number, sum: string): string {
  return parity % 2 === 0 ? `what is ${sum}` : sum;
}

function words(value: number): string {
  return numberInWords(value) ?? '';
}

const UNDER_TWENTY = [
  'zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve', 'thirteen',
  'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen',
] as const;
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'] as const;
const SCALES = [
  { value: 1_000_000, word: 'million' },
  { value: 1_000, word: 'thousand' },
  { value: 100, word: 'hundred' },
] as const;

/** Longer ones are codes and telephone numbers, which people say digit by digit. */
const LONGEST_CARDINAL_DIGITS = 9;

/**
 * A run of ASCII digits as a caller would say it: "10" → ten, "105" → one hundred five, "007" and runs longer than nine
 * digits one by one. Anything but digits has no words.
 */
export function digitWords(digits: string): string[] {
  if (!/^\d+$/.test(digits)) return [];
  const isCode = digits.length > LONGEST_CARDINAL_DIGITS || (digits.length > 1 && digits.startsWith('0'));
  return isCode ? [...digits].flatMap((digit) => cardinalWords(Number(digit))) : cardinalWords(Number(digits));
}

/** A whole number from 0 to 999,999,999 in words, without "and". */
function cardinalWords(value: number): string[] {
  const scale = SCALES.find((candidate) => value >= candidate.value);
  if (scale !== undefined) {
    const rest = value % scale.value;
    const head = [...cardinalWords(Math.floor(value / scale.value)), scale.word];
    return rest === 0 ? head : [...head, ...cardinalWords(rest)];
  }
  const small = UNDER_TWENTY[value];
  if (small !== undefined) return [small];
  const ten = TENS[Math.floor(value / 10)] ?? '';
  return value % 10 === 0 ? [ten] : [ten, ...cardinalWords(value % 10)];
}

/** Stands for a number of any value. */
const ANY_NUMBER = '#';
const SMALL_WORDS: ReadonlySet<string> = new Set(UNDER_TWENTY);
const UNIT_WORDS: ReadonlySet<string> = new Set(UNDER_TWENTY.slice(1, 10));
const TENS_WORDS: ReadonlySet<string> = new Set(TENS.slice(2));
const SCALE_WORDS: ReadonlySet<string> = new Set(SCALES.map(({ word }) => word));

/** Words with each number in them, however long, as one '#': "what is twenty one plus five" → what is # plus #; "five five" → # #. */
export function withoutValues(words: readonly string[]): string[] {
  const result: string[] = [];
  let before = '';
  for (const word of words) {
    const isNumber = SMALL_WORDS.has(word) || TENS_WORDS.has(word) || SCALE_WORDS.has(word);
    if (!isNumber) result.push(word);
    else if (!continuesNumber(before, word)) result.push(ANY_NUMBER);
    before = isNumber ? word : '';
  }
  return result;
}

/** Whether a number word belongs to the number that the word before it is part of. */
function continuesNumber(before: string, word: string): boolean {
  if (SCALE_WORDS.has(word) || SCALE_WORDS.has(before)) return before !== '';
  return TENS_WORDS.has(before) && UNIT_WORDS.has(word);
}

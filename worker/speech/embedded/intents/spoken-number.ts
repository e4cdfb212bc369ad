const SMALL = [
  'zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve', 'thirteen',
  'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen',
];
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const SCALES: readonly (readonly [string, number])[] = [
  ['trillion', 1e12],
  ['billion', 1e9],
  ['million', 1e6],
  ['thousand', 1e3],
];

/** From here on numbers are neither exact nor pleasant to hear. */
export const TOO_LARGE = 1e15;

/** Decimals beyond this are rounding noise of binary fractions. */
const MAX_DECIMALS = 10;

/** A number and the place of the word after it. */
interface ParsedNumber {
  readonly value: number;
  readonly next: number;
}

/** Reads the longest number at `words[at]`: digits or words, "minus" before it, "point" within. undefined where there is none. */
export function parseNumber(words: readonly string[], at: number): ParsedNumber | undefined {
  if (words[at] === 'minus' || words[at] === 'negative') {
    const positive = parsePositive(words, at + 1);
    return positive && { value: -positive.value, next: positive.next };
  }
  return parsePositive(words, at);
}

function parsePositive(words: readonly string[], at: number): ParsedNumber | undefined {
  const whole = parseWhole(words, at) ?? (words[at] === 'point' ? { value: 0, next: at } : undefined);
  if (whole === undefined || words[whole.next] !== 'point') return whole;
  let next = whole.next + 1;
  let decimals = '';
  for (let digit = digitOf(words[next]); digit !== undefined; digit = digitOf(words[++next])) decimals += digit;
  if (decimals === '') return whole.next === at ? undefined : whole;
  return { value: whole.value + Number(`0.${decimals}`), next };
}

/** A whole number in words ("two thousand and five", "a hundred"), or digits with a scale word after them ("3 million"). */
function parseWhole(words: readonly string[], at: number): ParsedNumber | undefined {
  let total = 0;
  let smallestScale = Infinity;
  let next = at;
  for (;;) {
    const group = parseGroup(words, next > at && words[next] === 'and' ? next + 1 : next);
    if (group === undefined) break;
    const scale = scaleOf(words[group.next]);
    const factor = scale ?? 1;
    if (factor >= smallestScale) break;
    total += group.value * factor;
    smallestScale = factor;
    next = group.next + (scale === undefined ? 0 : 1);
    if (scale === undefined) break;
  }
  return next === at ? undefined : { value: total, next };
}

/** A number below a thousand in words, or any number in digits. */
function parseGroup(words: readonly string[], at: number): ParsedNumber | undefined {
  const word = words[at] ?? '';
  if (/^\d+(?:\.\d+)?$/.test(word)) return { value: Number(word), next: at + 1 };
  const isArticle = word === 'a' && (words[at + 1] === 'hundred' || scaleOf(words[at + 1]) !== undefined);
  const small = isArticle ? { value: 1, next: at + 1 } : parseBelowHundred(words, at);
  if (small === undefined || words[small.next] !== 'hundred') return small;
  const after = small.next + 1;
  const rest = parseBelowHundred(words, words[after] === 'and' ? after + 1 : after);
  return { value: small.value * 100 + (rest?.value ?? 0), next: rest?.next ?? after };
}

function parseBelowHundred(words: readonly string[], at: number): ParsedNumber | undefined {
  const small = SMALL.indexOf(words[at] ?? '');
  if (small >= 0) return { value: small, next: at + 1 };
  const ten = TENS.indexOf(words[at] ?? '');
  if (ten < 2) return undefined;
  const unit = SMALL.indexOf(words[at + 1] ?? '');
  return unit >= 1 && unit <= 9 ? { value: ten * 10 + unit, next: at + 2 } : { value: ten * 10, next: at + 1 };
}

function scaleOf(word: string | undefined): number | undefined {
  return SCALES.find(([name]) => name === word)?.[1];
}

function digitOf(word: string | undefined): string | undefined {
  if (word === undefined) return undefined;
  if (/^\d+$/.test(word)) return word;
  const value = word === 'oh' ? 0 : SMALL.indexOf(word);
  return value >= 0 && value <= 9 ? String(value) : undefined;
}

/** A number as it is said: "minus three point two five", "twenty-one". undefined from TOO_LARGE on. */
export function numberInWords(value: number): string | undefined {
  if (!(Math.abs(value) < TOO_LARGE)) return undefined;
  const [whole = '0', decimals = ''] = Math.abs(value).toFixed(MAX_DECIMALS).split('.');
  const digits = decimals.replace(/0+$/, '');
  const spoken = [wholeInWords(Number(whole)), ...(digits === '' ? [] : ['point', ...Array.from(digits, (digit) => SMALL[Number(digit)])])].join(' ');
  return value < 0 && spoken !== 'zero' ? `minus ${spoken}` : spoken;
}

function wholeInWords(value: number): string {
  for (const [name, scale] of [...SCALES, ['hundred', 100] as const]) {
    if (value < scale) continue;
    const head = `${wholeInWords(Math.floor(value / scale))} ${name}`;
    return value % scale === 0 ? head : `${head} ${wholeInWords(value % scale)}`;
  }
  const ten = TENS[Math.floor(value / 10)] ?? '';
  return SMALL[value] ?? (value % 10 === 0 ? ten : `${ten}-${SMALL[value % 10] ?? ''}`);
}

import { arithmeticPhrases } from './arithmetic-phrases.ts';
import { calculate, parseCalculation, type Calculation } from './calculation.ts';
import { capitalized, say, type Answer, type Intent } from './intent.ts';
import { numberInWords } from './spoken-number.ts';

const ASKING = /^(?:what is|what|how much is|calculate|compute|add up) /;
const TRAILING = /(?: is| makes?| equals?| equal to)?(?: what| how much)?$/;

/** Longer sums are typed, not said: they are answered, but not read back. */
const MAX_READ_BACK_OPERANDS = 6;

/** Adds, subtracts, multiplies and divides, any number of operands, with the usual precedence. */
export const arithmetic: Intent = {
  name: 'arithmetic',
  offer: 'do arithmetic, such as seven times eight',
  phrases: arithmeticPhrases(),
  answer: ({ plain }) => {
    const calculation = parseCalculation(plain.replace(ASKING, '').replace(TRAILING, '').split(' '));
    return calculation && spoken(calculation);
  },
};

function spoken(calculation: Calculation): Answer {
  const value = calculate(calculation);
  if (value === undefined) return say('I cannot divide by zero.', 'Nobody can.');
  const question = readBack(calculation);
  const result = inWords(value);
  if (question === undefined || result === undefined) return say('Those numbers are too large for me.');
  return say(`${capitalized(question)} is ${remainder(calculation)}${result}.`);
}

function readBack({ operands, operators }: Calculation): string | undefined {
  if (operands.length > MAX_READ_BACK_OPERANDS) return 'the result';
  const words = operands.map(numberInWords);
  if (words.includes(undefined)) return undefined;
  return words.map((word, i) => (i === 0 ? word : `${operators[i - 1]} ${word}`)).join(' ');
}

/** Up to four decimals as they are, more than that rounded to where the ear follows. */
function inWords(value: number): string | undefined {
  if (Math.abs(value - Number(value.toFixed(4))) < 1e-9) return numberInWords(Number(value.toFixed(4)));
  const rounded = Math.abs(value) >= 1 ? Number(value.toFixed(2)) : Number(value.toPrecision(3));
  const words = numberInWords(rounded);
  return words === undefined ? undefined : `about ${words}`;
}

/** "three, remainder one, or " before the decimals of a division of whole numbers that does not come out even. */
function remainder({ operands: [dividend = 0, divisor = 0, ...others], operators }: Calculation): string {
  const isPlain = operators[0] === 'divided by' && others.length === 0;
  const areWhole = Number.isInteger(dividend) && Number.isInteger(divisor) && dividend > divisor && divisor > 0;
  if (!isPlain || !areWhole || dividend % divisor === 0) return '';
  return `${numberInWords(Math.floor(dividend / divisor))}, remainder ${numberInWords(dividend % divisor)}, or `;
}

import { parseNumber } from './spoken-number.ts';

/** Operators by the words that say them; longer ones first. */
const OPERATOR_WORDS: readonly (readonly [readonly string[], Operator])[] = [
  [['multiplied', 'by'], 'times'],
  [['divided', 'by'], 'divided by'],
  [['take', 'away'], 'minus'],
  [['plus'], 'plus'],
  [['minus'], 'minus'],
  [['times'], 'times'],
  [['over'], 'divided by'],
];
export type Operator = 'plus' | 'minus' | 'times' | 'divided by';

/** Operands with an operator between each two. */
export interface Calculation {
  readonly operands: readonly number[];
  readonly operators: readonly Operator[];
}

/** Reads "three plus four times two", all of the words and at least one operator; undefined where they are anything else. */
export function parseCalculation(words: readonly string[]): Calculation | undefined {
  const operands: number[] = [];
  const operators: Operator[] = [];
  let at = 0;
  for (;;) {
    const operand = parseNumber(words, at);
    if (operand === undefined) return undefined;
    operands.push(operand.value);
    if (operand.next === words.length) return operators.length === 0 ? undefined : { operands, operators };
    const operator = OPERATOR_WORDS.find(([names]) => names.every((name, i) => words[operand.next + i] === name));
    if (operator === undefined) return undefined;
    operators.push(operator[1]);
    at = operand.next + operator[0].length;
  }
}

/** The value, multiplication and division first; undefined where something is divided by zero. */
export function calculate({ operands, operators }: Calculation): number | undefined {
  const terms: number[] = [operands[0] ?? 0];
  for (const [i, operator] of operators.entries()) {
    const operand = operands[i + 1] ?? 0;
    const last = terms.length - 1;
    if (operator === 'divided by' && operand === 0) return undefined;
    if (operator === 'plus') terms.push(operand);
    else if (operator === 'minus') terms.push(-operand);
    else terms[last] = operator === 'times' ? (terms[last] ?? 0) * operand : (terms[last] ?? 0) / operand;
  }
  return terms.reduce((sum, term) => sum + term, 0);
}

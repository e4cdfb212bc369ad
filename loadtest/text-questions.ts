/** A text message whose right answer is known. */
export interface Question {
  readonly content: string;
  /** In words, for messages about wrong answers. */
  readonly expected: string;
  readonly isAnsweredBy: (answer: string) => boolean;
}

/** What one connection asks, and what the agent of its session is told to be. */
export interface Questionnaire {
  readonly instructions: string;
  readonly questions: readonly Question[];
}

const NUMBER_WORDS = [
  'zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve', 'thirteen', 'fourteen',
  'fifteen', 'sixteen', 'seventeen', 'eighteen',
];

/**
 * Connections take turns in asking an agent that repeats, where every answer is unlike all others (so that none can pass
 * for another's), and one that does sums.
 */
export function questionnaireOf(connection: number, messages: number): Questionnaire {
  const asked = connection % 2 === 0 ? { instructions: 'repeat', ask: repetition } : { instructions: 'You do sums.', ask: sum };
  return { instructions: asked.instructions, questions: Array.from({ length: messages }, (_, i) => asked.ask(connection, i)) };
}

function repetition(connection: number, i: number): Question {
  const content = `connection ${connection} says number ${i}`;
  return { content, expected: `"${content}"`, isAnsweredBy: (answer) => answer === content };
}

function sum(connection: number, i: number): Question {
  const [left, right] = [(i + connection) % 10, Math.floor(i / 10) % 10];
  const word = NUMBER_WORDS[left + right] ?? '';
  const pattern = new RegExp(`\\b(${word}|${left + right})\\W*$`, 'i');
  return { content: `what is ${left} plus ${right}`, expected: `… ${word}`, isAnsweredBy: (answer) => pattern.test(answer) };
}

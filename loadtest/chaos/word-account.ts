/** Words of human recordings: said, and what became of them. */
export interface WordAccount {
  readonly said: number;
  readonly lost: number;
  /** Heard more often than said, or never said. */
  readonly added: number;
}

/** Compares what was said with what was understood, in the order of speaking: the longest common sequence is what came through. Pure. */
export function accountWords(said: readonly string[], understood: readonly string[]): WordAccount {
  const expected = wordsOf(said);
  const heard = wordsOf(understood);
  const common = commonLength(expected, heard);
  return { said: expected.length, lost: expected.length - common, added: heard.length - common };
}

function wordsOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? []);
}

function commonLength(one: readonly string[], other: readonly string[]): number {
  let row = new Array<number>(other.length + 1).fill(0);
  for (const word of one) {
    const next = [0];
    other.forEach((heard, at) => next.push(heard === word ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0)));
    row = next;
  }
  return row.at(-1) ?? 0;
}

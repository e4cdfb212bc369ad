import type { FinalTranscript } from '../ports.ts';
import { withoutValues } from './number-words.ts';

/** The greatest part of a hypothesis's words that may differ from what was expected; beyond it, measured, are other people's words. */
export const MAX_DIFFERENCE = 0.34;

/**
 * What a hypothesis counts as, under the expected phrases or, with `undefined`, under none. Words near enough to what was
 * expected stand as they were heard, they are not replaced by the nearest phrase: "what is two plus nine" is near "what is
 * two plus four" and must not become it.
 */
export function judge(hypothesis: string, expected: readonly (readonly string[])[] | undefined): FinalTranscript {
  const words = hypothesis.split(' ').filter((word) => word !== '');
  if (words.length === 0) return { outcome: 'nothing' };
  if (expected !== undefined && phraseDifference(words, expected) > MAX_DIFFERENCE) return { outcome: 'unclear' };
  return { outcome: 'words', text: words.join(' ') };
}

/** The cheapest way found to explain some words: edits, and how many words it is made of. */
interface Fit {
  readonly edits: number;
  readonly words: number;
}

const NO_FIT: Fit = { edits: Infinity, words: 1 };

/**
 * How far words are from the nearest expected phrase, or from two of them in a row ("hello · what time is it", "repeat ·
 * <a hint>"): word edits over the longer of both, 0 for the same, 1 for nothing in common. Any number stands for any other:
 * a few sums among the phrases are meant as samples of all sums.
 */
export function phraseDifference(heard: readonly string[], expected: readonly (readonly string[])[]): number {
  const words = withoutValues(heard);
  const phrases = expected.map(withoutValues);
  if (words.length === 0 || phrases.length === 0) return 1;
  const heads = bestFits(words, phrases);
  const tails = bestFits([...words].reverse(), phrases.map((phrase) => [...phrase].reverse()));
  let least = difference(heads[words.length] ?? NO_FIT, words.length);
  for (let cut = 1; cut < words.length; cut += 1) {
    const head = heads[cut] ?? NO_FIT;
    const tail = tails[words.length - cut] ?? NO_FIT;
    least = Math.min(least, difference({ edits: head.edits + tail.edits, words: head.words + tail.words }, words.length));
  }
  return least;
}

function difference(fit: Fit, count: number): number {
  return Math.min(1, fit.edits / Math.max(fit.words, count));
}

/** For each number of first words the phrase that explains them with the fewest edits, the longer of equals. */
function bestFits(words: readonly string[], phrases: readonly (readonly string[])[]): Fit[] {
  const best: Fit[] = Array.from({ length: words.length + 1 }, () => NO_FIT);
  for (const phrase of phrases) {
    if (phrase.length === 0) continue;
    prefixEdits(words, phrase).forEach((edits, length) => {
      const known = best[length] ?? NO_FIT;
      const better = edits < known.edits || (edits === known.edits && phrase.length > known.words);
      if (better) best[length] = { edits, words: phrase.length };
    });
  }
  return best;
}

/** Levenshtein distances, in words, of a phrase to each prefix of the words (the last row of the usual table). */
function prefixEdits(words: readonly string[], phrase: readonly string[]): number[] {
  let above = Array.from({ length: words.length + 1 }, (_, column) => column);
  for (const expected of phrase) {
    const row = [(above[0] ?? 0) + 1];
    words.forEach((word, column) => {
      const replaced = (above[column] ?? 0) + (word === expected ? 0 : 1);
      row.push(Math.min(replaced, (above[column + 1] ?? 0) + 1, (row[column] ?? 0) + 1));
    });
    above = row;
  }
  return above;
}

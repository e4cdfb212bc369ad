import { arpaLanguageModel } from './language-model.ts';
import { phraseWords } from './phrase-words.ts';
import { pronounce } from './pronunciation.ts';

/** More phrases than this make opening slow and rejection meaningless; those beyond it are left out. */
const MAX_PHRASES = 2_000;

/** What a decoder needs in order to understand some phrases. */
export interface BiasModel {
  /** The phrases as words, the ones that can be understood. */
  readonly expected: readonly (readonly string[])[];
  /** Texts of a PocketSphinx dictionary and an ARPA language model. */
  readonly dictionary: string;
  readonly languageModel: string;
  readonly words: number;
  readonly guessedWords: number;
  readonly leftOutPhrases: number;
}

/**
 * Builds the model for phrases, with pronunciations from the text of a CMU dictionary. A phrase that cannot be said is
 * left out and counted. `undefined` when none is left: there is nothing to be biased to.
 */
export function biasModel(phrases: readonly string[], dictionary: Buffer): BiasModel | undefined {
  const candidates = phrases.slice(0, MAX_PHRASES).map((phrase) => phraseWords(phrase) ?? []).filter((words) => words.length > 0);
  const pronunciations = pronounce(new Set(candidates.flat()), dictionary);
  const expected = candidates.filter((words) => words.every((word) => pronunciations.known.has(word)));
  if (expected.length === 0) return undefined;
  return {
    expected,
    dictionary: `${pronunciations.lines.join('\n')}\n`,
    languageModel: arpaLanguageModel(expected),
    words: pronunciations.known.size,
    guessedWords: pronunciations.guessed,
    leftOutPhrases: phrases.length - expected.length,
  };
}

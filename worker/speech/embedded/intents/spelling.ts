import { capitalized, say, type Intent } from './intent.ts';

const SPELLABLE = [
  'fleet', 'hello', 'voice', 'worker', 'agent', 'robot', 'computer', 'telephone', 'water', 'banana', 'elephant', 'monday', 'london',
];
const ASKING = /^(?:how (?:do|would) (?:you|i) spell|how is|spell)(?: the (?:word|name))?(?: (.+?))?(?: spelled)?(?: please)?$/;
const MAX_LETTERS = 60;

/** Spells words letter by letter. */
export const spelling: Intent = {
  name: 'spelling',
  offer: 'spell a word, such as fleet',
  phrases: [...SPELLABLE.map((word) => `spell ${word}`), 'how do you spell fleet', 'please spell hello'],
  answer: ({ plain }) => {
    const asked = ASKING.exec(plain);
    if (asked === null || (plain.startsWith('how is') && !plain.endsWith('spelled'))) return undefined;
    if (asked[1] === undefined) return say('Which word shall I spell?', 'Say spell, and then the word.');
    const letters = asked[1].match(/[\p{L}\p{N}]\p{M}*/gu) ?? [];
    if (letters.length > MAX_LETTERS) return say('That is too long for me to spell.', 'Give me a word or two.');
    return say(...asked[1].split(' ').map(spelled));
  },
};

function spelled(word: string): string {
  return `${capitalized(word)} is spelled ${(word.match(/[\p{L}\p{N}]\p{M}*/gu) ?? []).join(', ').toUpperCase()}.`;
}

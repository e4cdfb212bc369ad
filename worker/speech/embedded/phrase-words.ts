import { digitWords } from './number-words.ts';

/** Signs that are said, as the words they are said with. */
const SIGN_WORDS: Readonly<Record<string, string>> = { '&': 'and', '+': 'plus', '=': 'equals', '%': 'percent', '@': 'at' };

/** A word (apostrophes within or before it), a number with its decimals, or a sign that is said. */
const TOKEN = /'?[a-z]+(?:'[a-z]+)*'?|\d+(?:\.\d+)?|[&+=%@]/g;

/**
 * A phrase as the words a caller says, in the spelling of the dictionary: lower case, straight apostrophes, no accents,
 * no punctuation, numbers spelled out. `undefined` where it has letters of another script, which no word can stand for.
 */
export function phraseWords(phrase: string): string[] | undefined {
  const plain = phrase.normalize('NFKD').replace(/\p{Mark}+/gu, '').replace(/[\u2018\u2019\u02bc]/g, "'").toLowerCase();
  if (/[^\P{Letter}a-z]/u.test(plain)) return undefined;
  const tokens = plain.replace(/(\d),(?=\d{3}(?!\d))/g, '$1').match(TOKEN) ?? [];
  return tokens.flatMap(tokenWords);
}

function tokenWords(token: string): string[] {
  const sign = SIGN_WORDS[token];
  if (sign !== undefined) return [sign];
  if (!/^\d/.test(token)) return [bareWord(token)];
  const [whole = '', decimals] = token.split('.');
  if (decimals === undefined) return digitWords(whole);
  return [...digitWords(whole), 'point', ...[...decimals].flatMap(digitWords)];
}

/** Quotation marks look like apostrophes: those at the end go, and those in front too unless the word is a clipped one ('bout). */
function bareWord(token: string): string {
  const open = token.endsWith("'") ? token.slice(0, -1) : token;
  return CLIPPED.has(open) ? open : open.replace(/^'/, '');
}

/** Words that the dictionary knows with an apostrophe in front. */
const CLIPPED: ReadonlySet<string> = new Set(["'bout", "'cause", "'course", "'em", "'til", "'tis", "'twas"]);

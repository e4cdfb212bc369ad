/** What a caller said or typed, as intents look at it. */
export interface Utterance {
  /** As it came, trimmed. */
  readonly text: string;
  /** Lower-case words; numbers as digits or words; operators as words; no punctuation but decimal points. */
  readonly words: readonly string[];
  /** The words joined by single spaces. */
  readonly plain: string;
}

/** Nobody says more than this to a machine of few words; what is typed beyond it is not looked at. */
const MAX_CHARS = 1000;

const REWRITES: readonly (readonly [RegExp, string])[] = [
  [/[‘’ʼ`]/g, "'"],
  [/\b(what|who|how|where|that|it)'s\b/g, '$1 is'],
  [/\bwhats\b/g, 'what is'],
  [/(?<=\d),(?=\d{3}(?!\d))/g, ''],
  [/\+/g, ' plus '],
  [/[×*]|(?<=\d\s*)x(?=\s*[-\d])/g, ' times '],
  [/[÷/]/g, ' divided by '],
  [/−/g, '-'],
  [/-(?=\s*\.?\d)|(?<=\d\s*)-/g, ' minus '],
  [/=/g, ' equals '],
  [/'/g, ''],
  [/(?<!\d)\.(?=\d)/g, ' 0.'],
  [/(?!\.\d)(?<=\d)\.|(?<!\d)\./g, ' '],
  [/[^\p{L}\p{M}\p{N}.]+/gu, ' '],
];

/** Reads any string; never throws. */
export function readUtterance(text: string): Utterance {
  let plain = text.slice(0, MAX_CHARS).toLowerCase();
  for (const [found, meant] of REWRITES) plain = plain.replace(found, meant);
  return utteranceOf(text.trim(), plain.split(' ').filter((word) => word !== ''));
}

const OPENERS: readonly (readonly string[])[] = [
  'please', 'um', 'uh', 'er', 'well', 'so', 'okay', 'ok', 'and', 'now', 'hey', 'hello', 'hi', 'thanks', 'thank you', 'yes', 'yeah', 'no',
  'can you', 'could you', 'would you', 'will you', 'do you know', 'tell me', 'i would like to know', 'i want to know', 'i want you to', 'id like you to',
].map((opener) => opener.split(' '));

const CLOSERS: readonly (readonly string[])[] = ['please', 'thanks', 'thank you', 'now', 'for me', 'then'].map((closer) => closer.split(' '));

/** The utterance without its first polite opening or its closing ("could you …", "… please"); undefined where there is none, or nothing else. */
export function withoutCourtesy(heard: Utterance): Utterance | undefined {
  const { words } = heard;
  const opener = OPENERS.find((each) => each.length < words.length && each.every((word, at) => words[at] === word));
  if (opener !== undefined) return utteranceOf(heard.text, words.slice(opener.length));
  const closer = CLOSERS.find((each) => each.length < words.length && each.every((word, at) => words[words.length - each.length + at] === word));
  return closer === undefined ? undefined : utteranceOf(heard.text, words.slice(0, words.length - closer.length));
}

function utteranceOf(text: string, words: readonly string[]): Utterance {
  return { text, words, plain: words.join(' ') };
}

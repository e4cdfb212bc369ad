import { soundOut } from './letter-to-sound.ts';

/** Where a word's pronunciation comes from. */
export interface Pronunciations {
  /** Lines of a dictionary for the recognizer, `word PHONES…`, other pronunciations as `word(2) …`. */
  readonly lines: readonly string[];
  /** Words with a line. */
  readonly known: ReadonlySet<string>;
  /** Of those, the ones that are not in the dictionary and were guessed from their letters. */
  readonly guessed: number;
}

/** Shorter parts of a compound are too often chance ("a" + "gent"). */
const MIN_PART_LETTERS = 3;

/**
 * How words are said: from the text of a CMU dictionary, else put together from words of it ("voxfleet" → vox + fleet,
 * "kim's" → kim + s), else guessed by letter-to-sound rules, which is right about regular words and wrong about the rest.
 */
export function pronounce(words: ReadonlySet<string>, dictionary: Buffer): Pronunciations {
  const found = dictionaryLines(words, dictionary);
  const missing = [...words].filter((word) => !found.has(word));
  const parts = dictionaryLines(new Set(missing.flatMap((word) => splits(word).flat())), dictionary);
  const lines = [...found.values()].flat();
  const known = new Set(found.keys());
  for (const word of missing) {
    const phones = compound(word, parts) ?? soundOut(word);
    if (phones === undefined) continue;
    lines.push(`${word} ${phones}`);
    known.add(word);
  }
  return { lines, known, guessed: known.size - found.size };
}

/** All lines of the words, in one pass (40 ms): the file is not sorted well enough to search, and an index of it costs 20 MB a thread. */
function dictionaryLines(words: ReadonlySet<string>, dictionary: Buffer): Map<string, string[]> {
  const found = new Map<string, string[]>();
  if (words.size === 0) return found;
  const text = dictionary.toString('latin1');
  for (let start = 0, end = text.indexOf('\n'); end >= 0; start = end + 1, end = text.indexOf('\n', start)) {
    const entry = text.slice(start, text.indexOf(' ', start));
    const variant = entry.indexOf('(');
    const word = variant > 0 ? entry.slice(0, variant) : entry;
    if (!words.has(word)) continue;
    const lines = found.get(word);
    if (lines === undefined) found.set(word, [text.slice(start, end)]);
    else lines.push(text.slice(start, end));
  }
  return found;
}

/** Every way to cut a word in two that are worth looking up; a possessive's owner first. */
function splits(word: string): [string, string][] {
  const cuts: [string, string][] = word.endsWith("'s") ? [[word.slice(0, -2), 's']] : [];
  for (let cut = MIN_PART_LETTERS; cut <= word.length - MIN_PART_LETTERS; cut += 1) cuts.push([word.slice(0, cut), word.slice(cut)]);
  return cuts;
}

function compound(word: string, parts: ReadonlyMap<string, readonly string[]>): string | undefined {
  for (const [head, tail] of splits(word)) {
    const first = phonesOf(parts.get(head)?.[0]);
    const second = word.endsWith("'s") && tail === 's' ? 'Z' : phonesOf(parts.get(tail)?.[0]);
    if (first !== undefined && second !== undefined) return `${first} ${second}`;
  }
  return undefined;
}

function phonesOf(line: string | undefined): string | undefined {
  return line?.slice(line.indexOf(' ') + 1).trim();
}

/** The part of what was counted that is kept back for what was not: half makes novel combinations cheap and known phrases likely. */
const HELD_BACK = 0.5;
const START = '<s>';
const END = '</s>';
/** log10 of a probability of nothing, in ARPA files by convention: a sentence's start is given, never predicted. */
const NEVER = -99;

/** One history: how often it was followed, and by what. The key is its words joined by a space. */
interface History {
  total: number;
  readonly next: Map<string, number>;
}

type Counts = Map<string, History>;

/**
 * A trigram language model of phrases (each a list of words), as the text of an ARPA file: of the probability that a
 * history leaves for its followers half goes to those seen, in proportion, and half is spread by the shorter history,
 * so that phrases may be mixed. Equal phrases count once. Throws RangeError without any word.
 */
export function arpaLanguageModel(phrases: readonly (readonly string[])[]): string {
  const counts: readonly [Counts, Counts, Counts] = [new Map(), new Map(), new Map()];
  const distinct = new Set(phrases.filter((words) => words.length > 0).map((words) => words.join(' ')));
  if (distinct.size === 0) throw new RangeError('a language model needs at least one word');
  for (const phrase of distinct) countPhrase(phrase.split(' '), counts);
  const model = new Backoff(counts);
  const sections = [model.unigrams(), model.bigrams(), model.trigrams()];
  const sizes = sections.map((lines, index) => `ngram ${index + 1}=${lines.length}`);
  const bodies = sections.map((lines, index) => `\\${index + 1}-grams:\n${lines.join('\n')}\n`);
  return `\\data\\\n${sizes.join('\n')}\n\n${bodies.join('\n')}\n\\end\\\n`;
}

function countPhrase(words: readonly string[], [uni, bi, tri]: readonly [Counts, Counts, Counts]): void {
  let before: string | undefined;
  let last = START;
  for (const word of [...words, END]) {
    add(uni, '', word);
    add(bi, last, word);
    if (before !== undefined) add(tri, `${before} ${last}`, word);
    before = last;
    last = word;
  }
}

function add(counts: Counts, key: string, word: string): void {
  const history = counts.get(key) ?? { total: 0, next: new Map<string, number>() };
  counts.set(key, history);
  history.total += 1;
  history.next.set(word, (history.next.get(word) ?? 0) + 1);
}

/** Probabilities from counts, each order discounted and completed by the one below. */
class Backoff {
  readonly #uni: Counts;
  readonly #bi: Counts;
  readonly #tri: Counts;

  constructor([uni, bi, tri]: readonly [Counts, Counts, Counts]) {
    this.#uni = uni;
    this.#bi = bi;
    this.#tri = tri;
  }

  unigrams(): string[] {
    const words = [...(this.#uni.get('')?.next.keys() ?? [])];
    const lines = words.map((word) => `${log10(this.#one(word))} ${word}${this.#weightLater(this.#bi, word, (next) => this.#one(next))}`);
    return [`${NEVER} ${START}${this.#weightLater(this.#bi, START, (next) => this.#one(next))}`, ...lines];
  }

  bigrams(): string[] {
    return ngrams(this.#bi, (first, second) => {
      const weight = this.#weightLater(this.#tri, `${first} ${second}`, (next) => this.#two(second, next));
      return `${log10(this.#two(first, second))} ${first} ${second}${weight}`;
    });
  }

  trigrams(): string[] {
    return ngrams(this.#tri, (pair, third) => `${log10(discounted(this.#tri, pair, third))} ${pair} ${third}`);
  }

  #one(word: string): number {
    const all = this.#uni.get('');
    return all === undefined ? 0 : (all.next.get(word) ?? 0) / all.total;
  }

  #two(first: string, second: string): number {
    const seen = discounted(this.#bi, first, second);
    if (seen > 0) return seen;
    return weightOf(this.#bi, first, (next) => this.#one(next)) * this.#one(second);
  }

  /** The back-off weight column of an n-gram, empty where nothing follows it. */
  #weightLater(counts: Counts, key: string, lower: (next: string) => number): string {
    return counts.has(key) ? ` ${log10(weightOf(counts, key, lower))}` : '';
  }
}

function ngrams(counts: Counts, line: (key: string, word: string) => string): string[] {
  return [...counts].flatMap(([key, history]) => [...history.next.keys()].map((word) => line(key, word)));
}

function discounted(counts: Counts, key: string, word: string): number {
  const history = counts.get(key);
  return history === undefined ? 0 : ((1 - HELD_BACK) * (history.next.get(word) ?? 0)) / history.total;
}

/** What the followers not seen share, over what the shorter history gives them. */
function weightOf(counts: Counts, key: string, lower: (next: string) => number): number {
  const history = counts.get(key);
  if (history === undefined) return 1;
  let taken = 0;
  for (const next of history.next.keys()) taken += lower(next);
  return taken >= 1 - 1e-9 ? 1 : HELD_BACK / (1 - taken);
}

function log10(probability: number): string {
  return (probability <= 0 ? NEVER : Math.log10(probability)).toFixed(4);
}

/** A sentence longer than this is cut at a word bound: no engine waits for a text that never ends. */
const MAX_SENTENCE_CHARS = 240;

/** From here on the first sentence is cut at a comma already, so that speech starts early. */
const EARLY_CLAUSE_CHARS = 60;

/** As much of a sentence's end as abbreviations and closing marks take. */
const LOOK_BACK_CHARS = 32;

const TERMINATOR = /[.!?…]["'”’)\]»]*$/;
const CLAUSE_END = /[,;:]["'”’)\]»]*$/;
/** Terminators of scripts that put no space after a sentence. */
const SPACELESS_TERMINATOR = /[。！？]["'”’)\]»」』）]*$/;
const GOES_ON_ENDING = /["'”’)\]»」』）。！？]/;
/** Abbreviations after which a sentence goes on. */
const ABBREVIATION = /(?:^|[^\p{L}\p{N}])(?:mr|mrs|ms|dr|prof|st|mt|vs|fig|approx|dept|est|gen|col|capt|sgt|lt|rev|hon|cf|al)\.$/iu;
/** Abbreviations that end a sentence where a capital follows. */
const ABBREVIATION_OR_END = /(?:^|[^\p{L}\p{N}])(?:etc|inc|ltd|co|corp|jr|sr|a\.m|p\.m)\.$/iu;
/** "No. 5" goes on, "No. I will not" has ended. */
const NUMBER_SIGN = /(?:^|[^\p{L}\p{N}])(?:no|nos|p|pp|vol|art|sec)\.$/iu;
/** "e.g.", "U.S." and the initials of a name, but not "I." */
const INITIALS = /(?:^|[^\p{L}\p{N}])(?:\p{L}\.)+\p{L}\.$|(?:^|[^\p{L}\p{N}])(?![Ii])\p{L}\.$/u;
/** The number of a list's item. */
const ITEM_NUMBER = /^\d+\.$/;

/**
 * Cuts a stream of text into speakable sentences, at `.` `!` `?` `…` and line ends; not after abbreviations, initials or
 * inside numbers and addresses. The first sentence may be cut at a comma once it is long. What comes out is what went in,
 * up to white space, and does not depend on how the text was chopped. Holds no more than one sentence.
 */
export class SentenceSplitter {
  #rest = '';
  #isFirst: boolean;
  /** Up to here `#rest` is known to be one sentence. */
  #at = 1;

  /** `isFirst`: whether the text begins with its first sentence; a text that goes on where others ended does not. */
  constructor(isFirst = true) {
    this.#isFirst = isFirst;
  }

  /** Takes more text; gives the sentences it completed, trimmed, none of them empty. */
  push(text: string): readonly string[] {
    const sentences: string[] = [];
    this.#rest = (this.#rest + text).trimStart();
    for (let cut = this.#findCut(); cut !== undefined; cut = this.#findCut()) {
      sentences.push(this.#rest.slice(0, cut).trimEnd());
      this.#rest = this.#rest.slice(cut).trimStart();
      this.#isFirst = false;
      this.#at = 1;
    }
    return sentences;
  }

  /** The text is over: gives what is left, and starts anew. */
  finish(): readonly string[] {
    const last = this.#rest.trimEnd();
    this.#rest = '';
    this.#isFirst = true;
    this.#at = 1;
    return last === '' ? [] : [last];
  }

  /**
   * Where the sentence ends, or undefined while more text is needed to tell. Decides from left to right and stops where
   * it would have to know more, so that more text never changes what was decided.
   */
  #findCut(): number | undefined {
    for (; this.#at < this.#rest.length; this.#at++) {
      const verdict = judge(this.#rest, this.#at, this.#isFirst);
      if (verdict === 'unknown') return undefined;
      if (verdict === 'cut') return this.#at;
      if (this.#at === MAX_SENTENCE_CHARS) return wordBound(this.#rest);
    }
    return undefined;
  }
}

/** Whether a sentence ends just before the character at `at`. */
function judge(text: string, at: number, isFirst: boolean): 'cut' | 'no' | 'unknown' {
  const next = text.charAt(at);
  const head = text.slice(Math.max(0, at - LOOK_BACK_CHARS), at);
  if (next === '\n') return 'cut';
  if (!/\s/.test(next)) return SPACELESS_TERMINATOR.test(head) && !GOES_ON_ENDING.test(next) ? 'cut' : 'no';
  if (TERMINATOR.test(head)) return judgeTerminator(head, text.charAt(at + 1));
  return isFirst && at >= EARLY_CLAUSE_CHARS && CLAUSE_END.test(head) ? 'cut' : 'no';
}

/** Whether the mark at the end of `head` ends its sentence, seeing the one character after the space (none: not there yet). */
function judgeTerminator(head: string, afterSpace: string): 'cut' | 'no' | 'unknown' {
  if (ITEM_NUMBER.test(head) || ABBREVIATION.test(head)) return 'no';
  const isNumberSign = NUMBER_SIGN.test(head);
  if (isNumberSign || ABBREVIATION_OR_END.test(head)) {
    if (afterSpace === '') return 'unknown';
    const goesOn = isNumberSign ? /\d/.test(afterSpace) : !/[\p{Lu}\s]/u.test(afterSpace);
    return goesOn ? 'no' : 'cut';
  }
  return INITIALS.test(head) ? 'no' : 'cut';
}

/** The last white space of the longest allowed sentence, or its end where it is one long word (never inside a surrogate pair). */
function wordBound(text: string): number {
  for (let at = MAX_SENTENCE_CHARS; at > 0; at--) {
    if (/\s/.test(text.charAt(at))) return at;
  }
  return /[\uD800-\uDBFF]/.test(text.charAt(MAX_SENTENCE_CHARS - 1)) ? MAX_SENTENCE_CHARS - 1 : MAX_SENTENCE_CHARS;
}

/** A whole text as the sentences it is spoken in. */
export function sentencesOf(text: string): readonly string[] {
  const splitter = new SentenceSplitter();
  return [...splitter.push(text), ...splitter.finish()];
}

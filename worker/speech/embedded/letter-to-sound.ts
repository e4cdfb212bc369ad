/** Spellings and their usual phones (CMU set), tried longest first from the left; `$` is the end of the word, `^` its start. */
const RULES: Readonly<Record<string, string>> = {
  'tion$': 'SH AH N', 'sion$': 'ZH AH N', 'tious$': 'SH AH S', 'ture$': 'CH ER', 'ious$': 'IY AH S', 'ous$': 'AH S', 'ight': 'AY T', 'eigh': 'EY',
  'ough': 'AO', 'augh': 'AO', 'ing$': 'IH NG', 'ed$': 'D', 'le$': 'AH L', 'er$': 'ER', 'or$': 'ER', 'ar$': 'ER', 'es$': 'Z', 'ey$': 'IY', 'y$': 'IY',
  'e$': '', '^kn': 'N', '^wr': 'R', '^ps': 'S', '^wh': 'W', '^y': 'Y', 'tch': 'CH', 'dge': 'JH', 'sch': 'SH', 'igh': 'AY', 'air': 'EH R', 'ear': 'IH R',
  'eer': 'IH R', 'oor': 'AO R', 'our': 'AO R', 'ch': 'CH', 'sh': 'SH', 'th': 'TH', 'ph': 'F', 'gh': 'G', 'ck': 'K', 'ng': 'NG', 'qu': 'K W', 'wh': 'W', 'ce': 'S EH',
  'ci': 'S IH', 'cy': 'S IY', 'ce$': 'S', 'ge$': 'JH', 'se$': 'Z', 've$': 'V', 'ai': 'EY', 'ay': 'EY', 'ea': 'IY', 'ee': 'IY', 'ei': 'IY', 'ie': 'IY', 'eu': 'Y UW',
  'ew': 'UW', 'oa': 'OW', 'oo': 'UW', 'ou': 'AW', 'ow': 'OW', 'oi': 'OY', 'oy': 'OY', 'au': 'AO', 'aw': 'AO', 'ue$': 'UW', 'ar': 'AA R', 'er': 'ER', 'ir': 'ER',
  'or': 'AO R', 'ur': 'ER', 'bb': 'B', 'cc': 'K', 'dd': 'D', 'ff': 'F', 'gg': 'G', 'kk': 'K', 'll': 'L', 'mm': 'M', 'nn': 'N', 'pp': 'P', 'rr': 'R', 'ss': 'S',
  'tt': 'T', 'zz': 'Z', 'a': 'AE', 'b': 'B', 'c': 'K', 'd': 'D', 'e': 'EH', 'f': 'F', 'g': 'G', 'h': 'HH', 'i': 'IH', 'j': 'JH', 'k': 'K', 'l': 'L', 'm': 'M',
  'n': 'N', 'o': 'OW', 'p': 'P', 'r': 'R', 's': 'S', 't': 'T', 'u': 'AH', 'v': 'V', 'w': 'W', 'x': 'K S', 'y': 'IH', 'z': 'Z', 'a$': 'AH', 'o$': 'OW', 'i$': 'IY',
  'u$': 'UW',
};
const LONGEST_RULE = Math.max(...Object.keys(RULES).map((rule) => rule.length));

/** A vowel, one consonant and a closing e: the vowel says its name ("lane", "tune") and the e nothing. */
const LONG_VOWELS: Readonly<Record<string, string>> = { a: 'EY', e: 'IY', i: 'AY', o: 'OW', u: 'UW' };

/**
 * A guess at how a word of the letters a–z is said in English, as CMU phones separated by spaces; `undefined` where the
 * letters give nothing to say. Good enough for regular names; a word that matters belongs into the dictionary.
 */
export function soundOut(word: string): string | undefined {
  const letters = `^${word.replaceAll("'", '')}$`;
  const phones: string[] = [];
  let at = 1;
  while (at < letters.length - 1) {
    const long = longVowel(letters, at);
    const [length, sound] = long === undefined ? ruleAt(letters, at) : [1, long];
    if (sound !== '') phones.push(sound);
    at += length;
  }
  return phones.length === 0 ? undefined : phones.join(' ');
}

function longVowel(letters: string, at: number): string | undefined {
  const closed = /^[aeiou][bdfgklmnpstvz]e\$/.test(letters.slice(at)) && !/[aeiou]/.test(letters[at - 1] ?? '');
  return closed ? LONG_VOWELS[letters[at] ?? ''] : undefined;
}

/** The longest rule that fits at a letter: how many letters it takes and what they sound like. */
function ruleAt(letters: string, at: number): readonly [number, string] {
  for (let length = LONGEST_RULE; length > 0; length -= 1) {
    const spelling = letters.slice(at, at + length);
    const sound = RULES[spelling];
    if (sound !== undefined) return [spelling.replace('$', '').length, sound];
    const initial = at === 1 ? RULES[`^${spelling}`] : undefined;
    if (initial !== undefined) return [spelling.replace('$', '').length, initial];
  }
  return [1, ''];
}

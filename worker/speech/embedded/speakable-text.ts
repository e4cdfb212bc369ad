/** What flite would misread and a person would read aloud, as words. It reads numbers, times, `$`, `%`, `&`, `+`, `=`, `@` and `#` itself. */
const READ_ALOUD: readonly (readonly [RegExp, string])[] = [
  [/[‘’‚‛ʼ´`]/g, "'"],
  [/[“”„‟«»]/g, '"'],
  [/\s[-‐-―−]+\s/g, ', '],
  [/(?<=[0-9.])\s?[×*]\s?(?=[0-9])/g, ' times '],
  [/÷/g, ' divided by '],
  [/(?<![\p{L}\p{N}])−(?=[0-9])/gu, '-'],
  [/[—―]+/g, ', '],
  [/[‐‑‒–−]/g, '-'],
  [/…/g, '... '],
  [/€\s?([0-9][0-9.,]*[0-9]|[0-9])/g, '$1 euros'],
  [/£\s?([0-9][0-9.,]*[0-9]|[0-9])/g, '$1 pounds'],
  [/°\s?C\b/g, ' degrees Celsius'],
  [/°\s?F\b/g, ' degrees Fahrenheit'],
  [/°/g, ' degrees '],
  [/ß/g, 'ss'],
  [/[æÆ]/g, 'ae'],
  [/[øØ]/g, 'o'],
];

/** Marks that flite names ("asterisk", "underscore") where a person sees only layout. */
const LAYOUT_MARKS = /[*_~^|<>{}[\]\\]/g;

/**
 * Text as flite can speak it: ASCII on one line, accents folded, dashes as pauses, layout marks, emoji, control
 * characters and scripts that flite does not know taken out. Empty where nothing remains that makes a sound.
 */
export function speakableText(text: string): string {
  let plain = text;
  for (const [found, spoken] of READ_ALOUD) plain = plain.replace(found, spoken);
  plain = plain
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(LAYOUT_MARKS, ' ')
    .replace(/[^\x21-\x7e]+/g, ' ')
    .trim();
  return /[A-Za-z0-9$%&+=@#]/.test(plain) ? plain : '';
}

/** Cuts text at spaces into pieces of at most `maxChars`; a longer word is cut where it must be. No piece is empty. */
export function cutAtWords(text: string, maxChars: number): readonly string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > maxChars) {
    const space = rest.lastIndexOf(' ', maxChars);
    const cut = space > 0 ? space : maxChars;
    pieces.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  if (rest !== '') pieces.push(rest);
  return pieces;
}

/** A sentence of an agent turn and where in the turn's audio it lies, in milliseconds. */
export interface SpokenSentence {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * What a caller heard of an agent turn that was cut at `heardMs`: whole sentences, and of the last one the words that fit
 * into the part of it that was played (words are taken to be equally long per letter).
 */
export function heardText(sentences: readonly SpokenSentence[], heardMs: number): string {
  return sentences
    .map((sentence) => heardPart(sentence, heardMs))
    .filter((part) => part !== '')
    .join(' ');
}

function heardPart({ text, startMs, endMs }: SpokenSentence, heardMs: number): string {
  if (heardMs >= endMs) return text;
  if (heardMs <= startMs) return '';
  const letters = Math.floor((text.length * (heardMs - startMs)) / (endMs - startMs));
  const lastWhole = text.lastIndexOf(' ', letters);
  return lastWhole <= 0 ? '' : text.slice(0, lastWhole);
}

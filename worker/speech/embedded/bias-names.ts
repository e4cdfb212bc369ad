import { createHash } from 'node:crypto';
import { phraseWords } from './phrase-words.ts';

/** The phrases of a session under a short name, so that a decoding thread is sent them once and not with each turn. */
export interface Bias {
  /** The same for the same phrases in the same order. */
  readonly id: string;
  readonly phrases: readonly string[];
  /** None of the phrases can be said: anything may be, which takes several times as long to decode. */
  readonly isDictation: boolean;
}

/** Names biases; each array of phrases is read once, because a session gives the same one with each turn. */
export class BiasNames {
  readonly #named = new WeakMap<readonly string[], Bias>();

  of(phrases: readonly string[]): Bias {
    const named = this.#named.get(phrases) ?? nameBias(phrases);
    this.#named.set(phrases, named);
    return named;
  }
}

function nameBias(phrases: readonly string[]): Bias {
  const id = createHash('sha256').update(JSON.stringify(phrases)).digest('base64url');
  return { id, phrases, isDictation: !phrases.some((phrase) => (phraseWords(phrase) ?? []).length > 0) };
}

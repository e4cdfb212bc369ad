import type { ResponderRequest } from '../../ports.ts';
import type { Utterance } from './utterance.ts';

/** What an intent says, sentence by sentence. */
export interface Answer {
  readonly sentences: readonly string[];
  /** Hang up after the last sentence. */
  readonly endsCall?: boolean;
}

/** One thing a caller may want: what it sounds like and what is answered. */
export interface Intent {
  readonly name: string;
  /** Completes "I can …" for callers who do not know what to say. */
  readonly offer?: string;
  /** Things callers say to mean it, in lower-case words; each of them is answered by this intent. */
  readonly phrases: readonly string[];
  /** The answer, or undefined where the caller means something else. Never throws. */
  readonly answer: (heard: Utterance, request: ResponderRequest) => Answer | undefined;
}

/** An answer of these sentences. */
export function say(...sentences: readonly string[]): Answer {
  return { sentences };
}

/** A sentence's first letter made large. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

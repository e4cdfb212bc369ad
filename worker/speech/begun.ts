import { sentencesOf } from '../turn/sentences.ts';
import type { ResponderChunk } from './ports.ts';

/**
 * What is left to say of an answer that is made as a whole each time and was begun before. Where it is no longer the same
 * answer (the time of day was in it), as many of its sentences count as said as were.
 */
export function restOfAnswer(whole: string, begun: string | undefined): string {
  if (begun === undefined) return whole;
  return restAfter(whole, begun) ?? sentencesOf(whole).slice(sentencesOf(begun).length).join(' ');
}

/** An answer that is to follow on `begun`, without any repetition of `begun`, or of its end from some sentence on, in front. */
export async function* goingOnAfter(answer: AsyncIterable<ResponderChunk>, begun: string): AsyncGenerator<ResponderChunk> {
  const repeatable = endsOf(begun);
  /** What may be a repetition; undefined once that is decided. */
  let held: string | undefined = '';
  for await (const chunk of answer) {
    if (chunk.kind !== 'text' || held === undefined) {
      yield chunk;
      continue;
    }
    held += chunk.text;
    const fresh = freshPart(held, repeatable);
    if (fresh === undefined) continue;
    held = undefined;
    if (fresh !== '') yield { kind: 'text', text: fresh };
  }
  // What is held at the end was a beginning of what was said before: nothing new.
}

/** What of `text` comes after `begun`, or undefined where it does not begin with it. White space makes no difference. */
function restAfter(text: string, begun: string): string | undefined {
  let at = 0;
  for (const wanted of begun.replaceAll(/\s+/g, '').split('')) {
    while (at < text.length && /\s/.test(text.charAt(at))) at += 1;
    if (text.charAt(at) !== wanted) return undefined;
    at += 1;
  }
  return text.slice(at);
}

/** The text from each of its sentences on, the longest first. */
function endsOf(text: string): readonly string[] {
  const sentences = sentencesOf(text);
  return sentences.map((_, from) => sentences.slice(from).join(' '));
}

/** What of an answer's beginning is no repetition; undefined while more of it is needed to tell. */
function freshPart(text: string, repeatable: readonly string[]): string | undefined {
  for (const end of repeatable) {
    const rest = restAfter(text, end);
    if (rest !== undefined) return rest;
    if (restAfter(end, text) !== undefined) return undefined;
  }
  return text;
}

import type { ResponderChunk } from './speech/ports.ts';
import { SentenceSplitter } from './turn/sentences.ts';

/** What comes of an answer: the sentences that one more piece of it completed (maybe none), and at last its end. */
export type ReplyPart =
  | { readonly kind: 'sentences'; readonly sentences: readonly string[] }
  | { readonly kind: 'end'; readonly hangUp: boolean };

/** Cuts an answer into the sentences it is spoken in. `isBegun`: others of its sentences came before. */
export async function* replyParts(chunks: AsyncIterable<ResponderChunk>, isBegun: boolean): AsyncGenerator<ReplyPart> {
  const splitter = new SentenceSplitter(!isBegun);
  let hangUp = false;
  for await (const chunk of chunks) {
    if (chunk.kind === 'end_call') hangUp = true;
    else yield { kind: 'sentences', sentences: splitter.push(chunk.text) };
  }
  const last = splitter.finish();
  if (last.length > 0) yield { kind: 'sentences', sentences: last };
  yield { kind: 'end', hangUp };
}

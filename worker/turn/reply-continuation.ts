import type { Delivered } from '../../shared/protocol/claim.ts';
import { isSameTurn } from '../../shared/protocol/envelope.ts';
import type { SpokenSentence } from './heard.ts';
import type { BegunSentence, Standing, UnfinishedReply } from './history.ts';
import { sentencesOf } from './sentences.ts';
import type { TurnEvent } from './turn-event.ts';

/** Where in a reply its speaking begins. */
export interface ReplyPlace {
  /** Sentences that are with the caller from beginning to end. */
  readonly spoken: readonly SpokenSentence[];
  /** Sentences still to be spoken; the first may be with the caller in part. */
  readonly waiting: readonly string[];
  /** Everything before this place of the reply's audio is with the caller. */
  readonly fromMs: number;
  /** How much of the audio of `waiting` is with the caller. */
  readonly skipMs: number;
}

/** Where a reply begins that nothing was said of. */
export const REPLY_START: ReplyPlace = { spoken: [], waiting: [], fromMs: 0, skipMs: 0 };

/**
 * What the new owner of a session does first, so that nothing is said twice and nothing left out: goes on with the reply
 * that was begun, answers what was not answered, or greets whom nobody has greeted. `delivered` is how far the caller has
 * the newest reply, where that is known. Nothing to do: undefined.
 */
export function goingOn(standing: Standing, delivered: Delivered | undefined, greeting: string | undefined): TurnEvent | undefined {
  const { unfinished, unanswered, history, turn } = standing;
  if (unfinished !== undefined) {
    const fromMs = deliveredOf(unfinished, delivered);
    // Of an answer that nobody heard anything of and that was not complete, a new one may be made.
    return fromMs === 0 && !unfinished.isComplete ? { type: 'unanswered' } : { type: 'resume_reply', reply: unfinished, fromMs };
  }
  if (unanswered !== undefined) return { type: 'unanswered' };
  if (greeting === undefined || turn > 0 || history.length > 0) return undefined;
  return { type: 'say', sentences: sentencesOf(greeting) };
}

/**
 * The place where speaking goes on: in the newest sentence known to begin at or before `fromMs`. Where later ones began
 * and that was not stored any more, the audio of the sentences in between tells, as it is made again.
 */
export function placeIn(sentences: readonly BegunSentence[], fromMs: number): ReplyPlace {
  let first = 0;
  let firstMs = 0;
  for (const [at, { startMs }] of sentences.entries()) {
    if (startMs === undefined || startMs > fromMs) continue;
    first = at;
    firstMs = startMs;
  }
  const spoken: SpokenSentence[] = [];
  for (let at = first - 1, endMs = firstMs; at >= 0; at--) {
    const sentence = sentences[at];
    if (sentence === undefined) continue;
    const startMs = sentence.startMs ?? (at === 0 ? 0 : endMs);
    spoken.unshift({ text: sentence.text, startMs, endMs });
    endMs = startMs;
  }
  return { spoken, waiting: sentences.slice(first).map(({ text }) => text), fromMs, skipMs: fromMs - firstMs };
}

function deliveredOf({ turn }: UnfinishedReply, delivered: Delivered | undefined): number {
  return delivered !== undefined && isSameTurn(turn, delivered.turn) ? delivered.mediaMs : 0;
}

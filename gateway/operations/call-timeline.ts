import type { CallTimeline, TimelineEntry } from '../../shared/protocol/call-timeline.ts';
import { VoxError } from '../../shared/runtime/errors.ts';
import { processOf } from '../../shared/runtime/incarnation.ts';
import { SESSION_ID_PATTERN, type ConversationItem, type MarkReason, type SessionRecord } from '../../shared/session/record.ts';
import type { SessionStore } from '../../shared/session/store.ts';
import { decodeSegment } from '../http/exchange.ts';

/** Where calls are asked for; the session's id follows. */
export const CALLS_PATH = '/fleet/calls/';

/** More than an hour's talk. */
const MOST_ENTRIES = 500;

const MARK_WORDS: Readonly<Record<MarkReason, string>> = {
  played: 'the agent stopped: all was played',
  hung_up: 'the agent hung up',
  barge_in: 'the agent stopped: the caller spoke over it',
  cancelled: 'the agent stopped: the caller cancelled',
  caller_gone: 'the agent stopped: the caller was away and did not come back in time',
  nothing_said: 'the responder had nothing to say',
  responder_failed: 'the responder failed',
  recognizer_failed: 'the recognizer failed: nothing was understood',
  taken_over: 'another worker went on with this turn',
};

/** A call as it is stored, folded for operators: what was heard, when each stage ran, why the agent stopped. */
export function callTimeline({ config, state, owner, fence }: SessionRecord, items: readonly ConversationItem[]): CallTimeline {
  return {
    session_id: config.sessionId, state, owner: owner === '' ? '' : processOf(owner), fence, created_at_ms: Math.round(config.createdAtMs),
    entries: [...items.flatMap(entriesOf), ...underWay(items)].slice(-MOST_ENTRIES),
  };
}

/** Reads a call by the path of the request. Throws VoxError: `session_not_found`, `store_unavailable`. */
export async function readCall(store: Pick<SessionStore, 'load' | 'items'>, path: string): Promise<CallTimeline> {
  const sessionId = decodeSegment(path.slice(CALLS_PATH.length)) ?? '';
  const record = SESSION_ID_PATTERN.test(sessionId) ? await store.load(sessionId) : undefined;
  if (record === undefined) throw new VoxError('session_not_found', 'no such call: there never was one of this id, or it ended so long ago that it is forgotten');
  return callTimeline(record, await store.items(sessionId));
}

/** What a newer worker stored is passed over. */
function entriesOf(item: ConversationItem): readonly TimelineEntry[] {
  const { turn, atMs } = item;
  switch (item.kind) {
    case 'caller':
      return [{ kind: 'caller', turn, text: item.text, atMs }];
    case 'agent':
      return [{ kind: 'agent', turn, text: item.text, interrupted: item.interrupted, atMs }];
    case 'stages':
      return [{ kind: 'stages', turn, stages: item.stages, atMs }];
    case 'mark':
      return [{ kind: 'mark', turn, words: wordsOf(item.reason), atMs }];
    default:
      return [];
  }
}

function wordsOf(reason: string): string {
  return Object.hasOwn(MARK_WORDS, reason) ? MARK_WORDS[reason as MarkReason] : reason;
}

/** The answer that was begun and of whose end nothing is stored. */
function underWay(items: readonly ConversationItem[]): readonly TimelineEntry[] {
  const last = items.findLast(({ kind }) => kind === 'sentence');
  if (last === undefined || items.some(({ kind, turn }) => kind === 'agent' && turn === last.turn)) return [];
  return [{ kind: 'mark', turn: last.turn, words: 'the agent has begun to answer: it speaks, or nobody knows yet how far it came', atMs: last.atMs }];
}

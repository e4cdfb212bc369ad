import type { ConversationItem } from '../../shared/session/record.ts';
import type { HistoryItem } from '../speech/ports.ts';

/** Contributions a responder is shown; older ones are left out. */
const MOST_HISTORY = 60;

type SaidItem = Exclude<ConversationItem, { kind: 'stages' | 'mark' }>;

/** Texts are no turns of the call: their items have this number, spoken turns count from 1. */
export const TEXT_TURN = 0;

/** A sentence of a reply that an earlier owner made; `startMs` is where in the reply's audio it began, if it did. */
export interface BegunSentence {
  readonly text: string;
  readonly startMs?: number;
}

/** An agent's reply that was begun and not brought to its end: its owner was lost, or gave the session up in its middle. */
export interface UnfinishedReply {
  readonly turn: number;
  /** In order; at least one. */
  readonly sentences: readonly BegunSentence[];
  /** Whether these are all sentences of the reply. */
  readonly isComplete: boolean;
  /** Whether the call is over once it is played; false where that is not known yet. */
  readonly hangUp: boolean;
}

/** Where a conversation stands after what is stored of it. */
export interface Standing {
  readonly history: readonly HistoryItem[];
  /** The highest turn number used. */
  readonly turn: number;
  /** A caller's spoken turn that nothing was answered to: its owner was lost while thinking. */
  readonly unanswered: number | undefined;
  readonly unfinished: UnfinishedReply | undefined;
  /** Audio up to this ingress seq is stored as turns; it may come again, because a text before it was still open. */
  readonly heardSeq: number;
  /** The answers to texts by the texts' ingress seq; empty where a text was answered with an error. */
  readonly texts: ReadonlyMap<number, string>;
}

const KINDS: ReadonlySet<string> = new Set(Object.keys({ caller: true, sentence: true, spoken: true, reply: true, agent: true, stages: true, mark: true } satisfies Record<ConversationItem['kind'], true>));

/** The items that this version understands: a newer one may have stored others, which are passed over and stay where they are. */
export function knownItems(items: readonly ConversationItem[]): readonly ConversationItem[] {
  return items.every(({ kind }) => KINDS.has(kind)) ? items : items.filter(({ kind }) => KINDS.has(kind));
}

/** Folds stored items into what a responder is shown and what is left to do. */
export function standingOf(stored: readonly ConversationItem[]): Standing {
  const items = knownItems(stored);
  const history: HistoryItem[] = [];
  let turn = 0;
  let heardSeq = 0;
  let unanswered: number | undefined;
  let unfinished: UnfinishedReply | undefined;
  for (const item of items) {
    turn = Math.max(turn, item.turn);
    if (item.kind === 'stages' || item.kind === 'mark') continue;
    if (item.kind === 'caller') history.push({ role: 'caller', text: item.text });
    if (item.kind === 'agent' && item.text !== '') history.push({ role: 'agent', text: item.text });
    if (item.turn === TEXT_TURN) continue;
    if (item.kind === 'caller') heardSeq = Math.max(heardSeq, item.seq ?? 0);
    unanswered = item.kind === 'caller' ? item.turn : undefined;
    unfinished = withItem(unfinished, item);
  }
  return { history: history.slice(-MOST_HISTORY), turn, unanswered, unfinished, heardSeq, texts: textsOf(items) };
}

/** A history with one more contribution, the oldest left out past the bound. */
export function extended(history: readonly HistoryItem[], item: HistoryItem): readonly HistoryItem[] {
  return [...history, item].slice(-MOST_HISTORY);
}

/** What is known of the reply under way after one more item. Where its first sentence is made anew, so is the reply. */
function withItem(reply: UnfinishedReply | undefined, item: SaidItem): UnfinishedReply | undefined {
  if (item.kind === 'caller' || item.kind === 'agent') return undefined;
  const { turn } = item;
  if (item.kind === 'sentence') {
    const { index, text } = item;
    if (index === 0) return { turn, sentences: [{ text }], isComplete: false, hangUp: false };
    return reply?.turn === turn ? { ...reply, sentences: [...reply.sentences.slice(0, index), { text }] } : reply;
  }
  if (reply?.turn !== turn) return reply;
  if (item.kind === 'reply') return { ...reply, isComplete: true, hangUp: item.hangUp };
  const { index, startMs } = item;
  return { ...reply, sentences: reply.sentences.map((sentence, at) => (at === index ? { ...sentence, startMs } : sentence)) };
}

/** A text and its answer are stored together, one after the other. */
function textsOf(items: readonly ConversationItem[]): ReadonlyMap<number, string> {
  const texts = new Map<number, string>();
  for (const [at, item] of items.entries()) {
    const answer = items[at + 1];
    if (item.kind === 'caller' && item.turn === TEXT_TURN && item.seq !== undefined && answer?.kind === 'agent') texts.set(item.seq, answer.text);
  }
  return texts;
}

import type { ConversationItem } from '../../shared/session/record.ts';
import type { HistoryItem } from '../speech/ports.ts';

/** Contributions a responder is shown; older ones are left out. */
const MOST_HISTORY = 60;

/** Where a conversation stands after what is stored of it. */
export interface Standing {
  readonly history: readonly HistoryItem[];
  /** The highest turn number used. */
  readonly turn: number;
  /** A caller's spoken turn that nothing was answered to: its owner was lost while thinking. */
  readonly unanswered: number | undefined;
}

/** Folds stored items into what a responder is shown and what is left to do. */
export function standingOf(items: readonly ConversationItem[]): Standing {
  const history: HistoryItem[] = [];
  let turn = 0;
  let unanswered: number | undefined;
  for (const item of items) {
    turn = Math.max(turn, item.turn);
    if (item.kind === 'caller') history.push({ role: 'caller', text: item.text });
    if (item.kind === 'agent' && item.text !== '') history.push({ role: 'agent', text: item.text });
    unanswered = item.kind === 'caller' ? item.turn : undefined;
  }
  return { history: history.slice(-MOST_HISTORY), turn, unanswered };
}

/** A history with one more contribution, the oldest left out past the bound. */
export function extended(history: readonly HistoryItem[], item: HistoryItem): readonly HistoryItem[] {
  return [...history, item].slice(-MOST_HISTORY);
}

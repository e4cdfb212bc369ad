import { setTimeout as sleep } from 'node:timers/promises';
import type { ConversationItem } from '../shared/session/record.ts';
import type { StoredIngress } from './ack-ledger.ts';
import type { Conversation } from './conversation.ts';

/** A turn has few notes, and each turn writes. */
const MOST_NOTES = 16;

/** What one session's turns store, in the order in which it happened. What happens at the same moment is one write. */
export class TurnRecord {
  readonly #conversation: Conversation;
  readonly #onCrash: (error: unknown) => void;
  #kept: ConversationItem[] = [];
  /** What goes with the next write, whenever that is. */
  #notes: ConversationItem[] = [];
  /** Settles with the newest write; undefined where nothing waits to be stored. */
  #storing: Promise<void> | undefined;
  /** What was waited for in vain: Redis is away, and nobody waits again until it is back. */
  #overdue: Promise<void> | undefined;

  constructor(conversation: Conversation, onCrash: (error: unknown) => void) {
    this.#conversation = conversation;
    this.#onCrash = onCrash;
  }

  /** Stores an item that nobody waits for. */
  keep(item: ConversationItem): void {
    this.#kept.push(item);
    if (this.#kept.length === 1) queueMicrotask(() => this.#flush());
  }

  /** Stores an item with whatever is stored next: it makes no write of its own. Lost where the session is lost before. */
  note(item: ConversationItem): void {
    if (this.#notes.length < MOST_NOTES) this.#notes.push(item);
  }

  /** Stores items after everything kept and noted before; resolves once they are stored. */
  async commit(items: readonly ConversationItem[], stored: StoredIngress = {}): Promise<void> {
    const before = [...this.#kept, ...this.#notes];
    this.#kept = [];
    this.#notes = [];
    const storing = this.#conversation.commit([...before, ...items], stored);
    this.#storing = storing;
    await storing;
    if (this.#storing === storing) this.#storing = undefined;
  }

  /** Waits until all that was kept or committed is stored, or `withinMs` has passed because Redis is away. */
  async settled(withinMs: number): Promise<void> {
    this.#flush();
    const storing = this.#storing;
    if (storing === undefined || this.#overdue !== undefined) return;
    const isStored = await Promise.race([storing.then(() => true), sleep(withinMs, false, { ref: false })]);
    if (isStored || this.#storing === undefined) return;
    this.#overdue = storing;
    void storing.then(() => (this.#overdue = undefined)).catch(this.#onCrash);
  }

  #flush(): void {
    if (this.#kept.length > 0) void this.commit([]).catch(this.#onCrash);
  }
}

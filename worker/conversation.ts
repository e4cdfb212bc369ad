import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionConfig } from '../shared/protocol/agent-config.ts';
import type { ConversationItem } from '../shared/session/record.ts';
import { MOST_ITEMS, type Lease, type LeaseWrite, type OwnerProgress, type SessionStore } from '../shared/session/store.ts';
import { VoxError } from '../shared/runtime/errors.ts';
import { pause } from '../shared/runtime/pause.ts';
import type { StoredIngress } from './ack-ledger.ts';
import type { HistoryItem } from './speech/ports.ts';
import { extended, standingOf, type Standing } from './turn/history.ts';

/**
 * Least pause before a write that Redis did not take is tried again, and how much is drawn on top of it: the sessions of a
 * fleet do not come back to a Redis that is just back in one beat.
 */
const RETRY_LEAST_MS = 250;
const RETRY_SPREAD_MS = 500;

/** What is written next: everything that was to be stored since the write before. */
interface Waiting {
  isWanted: boolean;
  /** The newest MOST_ITEMS of them: Redis keeps no more. */
  items: readonly ConversationItem[];
  readonly stored: StoredIngress[];
  readonly done: (() => void)[];
}

export interface ConversationOptions {
  readonly store: SessionStore;
  readonly lease: Lease;
  readonly config: SessionConfig;
  readonly items: readonly ConversationItem[];
  readonly ingressSeq: number;
  readonly egressSeq: () => number;
  /** The newest connection of the caller, so that a record written anew knows it; 0 or absent where none is known. */
  readonly connectionNo?: () => number;
  /** Up to which seq ingress is committed once these are stored too. */
  readonly committable: (stored: readonly StoredIngress[]) => number;
  /** Redis has what covers this ingress. Called before `commit` resolves. */
  readonly onStored: (stored: StoredIngress) => void;
  /** The lease is somebody else's: nothing can be written any more. */
  readonly onLost: () => void;
}

/**
 * What was said in a session: in memory for the responder, in Redis for whoever owns the session next. Writes go one after
 * another; while Redis is away they wait, and the conversation goes on from memory. Where Redis forgot what it had taken
 * (it failed over, or restarted empty), the next write puts the whole record back.
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #closed = new AbortController();
  #history: readonly HistoryItem[];
  #waiting = nothing();
  #writing: Promise<void> | undefined;
  /** What Redis took, as it keeps it. */
  #items: readonly ConversationItem[];
  #commitNo = 0;
  #ingressSeq: number;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#items = options.items;
    this.#ingressSeq = options.ingressSeq;
    this.standing = standingOf(options.items);
    this.#history = this.standing.history;
  }

  /** Where the conversation stood when this worker took it. */
  readonly standing: Standing;

  /** What a responder is shown, oldest first. */
  get history(): readonly HistoryItem[] {
    return this.#history;
  }

  /** How far the session has come, as a release stores it; its `commitNo` is the one a renewal is to name. */
  get progress(): OwnerProgress {
    return { ingressSeq: this.#ingressSeq, egressSeq: this.#options.egressSeq(), commitNo: this.#commitNo };
  }

  /** Adds to what the responder is shown. */
  remember(item: HistoryItem): void {
    this.#history = extended(this.#history, item);
  }

  /** Stores items, and which ingress they cover; resolves once Redis has them, never where the lease is lost. */
  async commit(items: readonly ConversationItem[], stored: StoredIngress = {}): Promise<void> {
    this.#waiting.items = newest(this.#waiting.items, items);
    this.#waiting.stored.push(stored);
    this.#waiting.isWanted = true;
    const committed = new Promise<void>((done) => this.#waiting.done.push(done));
    this.#start();
    return committed;
  }

  /**
   * Puts the record back where it is behind, as a renewal found it. Resolves once Redis has all that was said until now, or
   * nothing can be written any more.
   */
  async restore(): Promise<void> {
    // A write, if only of nothing, finds out by itself whether the record is still behind.
    this.#waiting.isWanted = true;
    this.#start();
    await this.#writing;
  }

  /** Waits until Redis is seen to have what was said; false where `withinMs` has passed because Redis is away. */
  async settled(withinMs: number): Promise<boolean> {
    return Promise.race([this.restore().then(() => true), sleep(withinMs, false, { ref: false })]);
  }

  /** Stops writing; what waits is not stored. */
  close(): void {
    this.#closed.abort();
  }

  #start(): void {
    if (!this.#closed.signal.aborted) this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    while (this.#waiting.isWanted && !this.#closed.signal.aborted) {
      const { items, stored, done } = this.#waiting;
      this.#waiting = nothing();
      const ingressSeq = Math.max(this.#ingressSeq, this.#options.committable(stored));
      if (!(await this.#writeUntilTaken(ingressSeq, items))) break;
      this.#commitNo += 1;
      this.#ingressSeq = ingressSeq;
      this.#items = newest(this.#items, items);
      for (const each of stored) this.#options.onStored(each);
      for (const each of done) each();
    }
    this.#writing = undefined;
  }

  /** False where it is no use: closed, or the lease is lost. */
  async #writeUntilTaken(ingressSeq: number, items: readonly ConversationItem[]): Promise<boolean> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        const answer = await this.#writeOnce(ingressSeq, items);
        if (answer === 'lost') this.#options.onLost();
        return answer === 'ours';
      } catch (error) {
        if (!(error instanceof VoxError)) throw error;
        // Redis is away: the call goes on from memory, the write waits until it is back or the session is gone.
        await pause(RETRY_LEAST_MS + Math.random() * RETRY_SPREAD_MS, signal);
      }
    }
    return false;
  }

  async #writeOnce(ingressSeq: number, items: readonly ConversationItem[]): Promise<LeaseWrite> {
    const { store, lease, config, egressSeq, connectionNo } = this.#options;
    const commitNo = this.#commitNo + 1;
    const progress = { ingressSeq, egressSeq: egressSeq() };
    const answer = await store.commit(lease, commitNo, progress, items);
    if (answer !== 'behind') return answer;
    const all = newest(this.#items, items);
    return store.restore(lease, { config, progress, commitNo, connectionNo: connectionNo?.() ?? 0, items: all });
  }
}

function nothing(): Waiting {
  return { isWanted: false, items: [], stored: [], done: [] };
}

function newest(items: readonly ConversationItem[], more: readonly ConversationItem[]): readonly ConversationItem[] {
  return [...items, ...more].slice(-MOST_ITEMS);
}

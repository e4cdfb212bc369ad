import { setTimeout as sleep } from 'node:timers/promises';
import type { ConversationItem } from '../shared/session/record.ts';
import type { Lease, Progress, SessionStore } from '../shared/session/store.ts';
import { VoxError } from '../shared/runtime/errors.ts';
import type { StoredIngress } from './ack-ledger.ts';
import type { HistoryItem } from './speech/ports.ts';
import { extended, standingOf, type Standing } from './turn/history.ts';

/** Pause before a commit that Redis did not take is tried again. */
const RETRY_AFTER_MS = 500;

interface Waiting {
  readonly items: readonly ConversationItem[];
  readonly stored: StoredIngress;
  readonly done: () => void;
}

export interface ConversationOptions {
  readonly store: SessionStore;
  readonly lease: Lease;
  readonly items: readonly ConversationItem[];
  readonly ingressSeq: number;
  readonly egressSeq: () => number;
  /** Up to which seq ingress is committed once these are stored too. */
  readonly committable: (stored: readonly StoredIngress[]) => number;
  /** Redis has what covers this ingress. Called before `commit` resolves. */
  readonly onStored: (stored: StoredIngress) => void;
  /** The lease is somebody else's: nothing can be written any more. */
  readonly onLost: () => void;
}

/**
 * What was said in a session: in memory for the responder, in Redis for whoever owns the session next. Writes go one after
 * another; while Redis is away they wait, and the conversation goes on from memory.
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #closed = new AbortController();
  #history: readonly HistoryItem[];
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #commitNo = 0;
  #ingressSeq: number;

  constructor(options: ConversationOptions) {
    this.#options = options;
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

  /** How far the session has come, as a release stores it. */
  get progress(): Progress {
    return { ingressSeq: this.#ingressSeq, egressSeq: this.#options.egressSeq() };
  }

  /** Adds to what the responder is shown. */
  remember(item: HistoryItem): void {
    this.#history = extended(this.#history, item);
  }

  /** Stores items, and which ingress they cover; resolves once Redis has them, never where the lease is lost. */
  async commit(items: readonly ConversationItem[], stored: StoredIngress = {}): Promise<void> {
    const committed = new Promise<void>((done) => this.#waiting.push({ items, stored, done }));
    this.#writing ??= this.#write();
    return committed;
  }

  /** Waits until what was to be stored is stored, or `withinMs` has passed because Redis is away. */
  async settled(withinMs: number): Promise<void> {
    await Promise.race([this.#writing, sleep(withinMs, undefined, { ref: false })]);
  }

  /** Stops writing; what waits is not stored. */
  close(): void {
    this.#closed.abort();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#closed.signal.aborted) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#commitNo += 1;
      const ingressSeq = Math.max(this.#ingressSeq, this.#options.committable(batch.map(({ stored }) => stored)));
      const items = batch.flatMap((waiting) => waiting.items);
      if (!(await this.#writeUntilTaken(ingressSeq, items))) break;
      this.#ingressSeq = ingressSeq;
      for (const { stored, done } of batch) {
        this.#options.onStored(stored);
        done();
      }
    }
    this.#writing = undefined;
  }

  /** False where it is no use: closed, or the lease is lost. */
  async #writeUntilTaken(ingressSeq: number, items: readonly ConversationItem[]): Promise<boolean> {
    const { store, lease, egressSeq, onLost } = this.#options;
    while (!this.#closed.signal.aborted) {
      try {
        const isOurs = await store.commit(lease, this.#commitNo, { ingressSeq, egressSeq: egressSeq() }, items);
        if (!isOurs) onLost();
        return isOurs;
      } catch (error) {
        if (!(error instanceof VoxError)) throw error;
        // Redis is away: the call goes on from memory, the write waits until it is back or the session is gone.
        await sleep(RETRY_AFTER_MS, undefined, { ref: false });
      }
    }
    return false;
  }
}

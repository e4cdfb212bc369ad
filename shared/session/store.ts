import type { SessionConfig } from '../protocol/agent-config.ts';
import { pack, unpack } from '../protocol/structured.ts';
import { wallMs } from '../runtime/clock.ts';
import { VoxError } from '../runtime/errors.ts';
import { itemsKey, recordKey, type ConversationItem, type SessionRecord, type SessionState } from './record.ts';
import type { Redis } from './redis.ts';

/** Conversation items kept of a session; the oldest go first. */
const MOST_ITEMS = 2000;

/** Proof of ownership that comes with every write of a worker. */
export interface Lease {
  readonly sessionId: string;
  readonly workerId: string;
  readonly fence: number;
}

/** How far a session has come, stored with commits and releases. */
export interface Progress {
  readonly ingressSeq: number;
  readonly egressSeq: number;
}

/** What a claim came to. */
export type ClaimOutcome =
  | { readonly outcome: 'claimed'; readonly fence: number; readonly config: SessionConfig; readonly progress: Progress }
  | { readonly outcome: 'held'; readonly workerId: string; readonly fence: number }
  | { readonly outcome: 'ended' }
  | { readonly outcome: 'not_found' };

/** Whether a write under a lease was taken: `behind` means that Redis forgot what it had taken before (a failover, a restart). */
export type LeaseWrite = 'ours' | 'lost' | 'behind';

/** What a session's owner holds in memory of its record: enough to write it anew where Redis forgot it. */
export interface Snapshot {
  readonly config: SessionConfig;
  readonly progress: Progress;
  /** The newest commit of this lease that `items` hold. */
  readonly commitNo: number;
  /** The conversation so far, oldest first. */
  readonly items: readonly ConversationItem[];
}

/** What became of a connection that came with or without a resume token. */
export type ConnectOutcome =
  | { readonly outcome: 'connected'; readonly connectionNo: number }
  /** The token is unknown, expired or older than the last two. */
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'not_found' };

export interface StoreTimes {
  /** A lease that is not renewed for this long may be claimed by anyone. */
  readonly leaseMs: number;
  /** A session nobody is connected to is forgotten after this. */
  readonly ttlMs: number;
  /** An ended session's record stays this long. */
  readonly retentionMs: number;
}

/**
 * The truth about sessions. Every method throws VoxError `store_unavailable` where Redis does not answer; every write of a
 * worker is fenced inside Redis and answers whether it was accepted.
 */
export class SessionStore {
  readonly #redis: Redis;
  readonly #times: StoreTimes;

  constructor(redis: Redis, times: StoreTimes) {
    this.#redis = redis;
    this.#times = times;
  }

  /** Stores a new session; false where the id is taken. */
  async create(config: SessionConfig): Promise<boolean> {
    const key = recordKey(config.sessionId);
    return (await this.#ask(() => this.#redis.voxCreate(key, Buffer.from(pack(config)), this.#times.ttlMs))) === 1;
  }

  /** A session's record, or undefined where there is none. */
  async load(sessionId: string): Promise<SessionRecord | undefined> {
    const key = recordKey(sessionId);
    const [fields, ttlMs] = await this.#ask(() => Promise.all([this.#redis.hgetallBuffer(key), this.#redis.pttl(key)]));
    const config = fields['config'] === undefined ? undefined : unpack<SessionConfig>(fields['config']);
    if (config === undefined) return undefined;
    const number = (name: string): number => Number(fields[name]?.toString() ?? 0);
    return {
      config,
      state: stateOf(fields['state']?.toString()),
      owner: fields['owner']?.toString() ?? '',
      fence: number('fence'),
      leaseUntilMs: number('lease_until_ms'),
      ingressSeq: number('ingress_seq'),
      egressSeq: number('egress_seq'),
      expiresAtMs: wallMs() + Math.max(0, ttlMs),
    };
  }

  /** Takes the lease for a worker. `lost` names an owner seen dead, whose unexpired lease may be taken over. */
  async claim(sessionId: string, workerId: string, lost?: { workerId: string; fence: number }): Promise<ClaimOutcome> {
    const { leaseMs, ttlMs } = this.#times;
    const [outcome, ...rest] = await this.#ask(() =>
      this.#redis.voxClaimBuffer(
        recordKey(sessionId), itemsKey(sessionId), workerId, leaseMs, ttlMs, lost?.workerId ?? '', lost?.fence ?? '',
      ),
    );
    return claimOutcome(outcome?.toString(), rest);
  }

  /** Extends the lease; false where it is somebody else's by now. */
  async renew(lease: Lease): Promise<boolean> {
    const { sessionId, workerId, fence } = lease;
    const { leaseMs, ttlMs } = this.#times;
    const renewed = await this.#ask(() =>
      this.#redis.voxRenew(recordKey(sessionId), itemsKey(sessionId), workerId, fence, leaseMs, ttlMs),
    );
    return renewed === 1;
  }

  /**
   * Appends items and stores progress; false where the lease is somebody else's by now and nothing was written.
   * `commitNo` counts a lease's commits from 1, so that one tried again is written once.
   */
  async commit(lease: Lease, commitNo: number, progress: Progress, items: readonly ConversationItem[]): Promise<boolean> {
    const { sessionId, workerId, fence } = lease;
    const packed = items.map((item) => Buffer.from(pack(item)));
    const committed = await this.#ask(() =>
      this.#redis.voxCommit(
        recordKey(sessionId), itemsKey(sessionId), workerId, fence, commitNo, this.#times.ttlMs,
        progress.ingressSeq, progress.egressSeq, MOST_ITEMS, ...packed,
      ),
    );
    return committed === 1;
  }

  /** Gives the lease back in order, so that anybody may claim at once. */
  async release(lease: Lease, progress: Progress): Promise<boolean> {
    const { sessionId, workerId, fence } = lease;
    const released = await this.#ask(() =>
      this.#redis.voxRelease(
        recordKey(sessionId), itemsKey(sessionId), workerId, fence, progress.ingressSeq, progress.egressSeq, this.#times.ttlMs,
      ),
    );
    return released === 1;
  }

  /** Ends a session: by its owner's lease, or (without one) by authority of who made it. Answers who owned it until now. */
  async end(sessionId: string, lease?: Lease): Promise<{ owner: string } | 'stale' | 'not_found'> {
    const [outcome, owner] = await this.#ask(() =>
      this.#redis.voxEnd(
        recordKey(sessionId), itemsKey(sessionId), this.#times.retentionMs, lease?.workerId ?? '', lease?.fence ?? '',
      ),
    );
    if (outcome === 'ended') return { owner: owner ?? '' };
    return outcome === 'stale' ? 'stale' : 'not_found';
  }

  /** The conversation so far, oldest first. */
  async items(sessionId: string): Promise<readonly ConversationItem[]> {
    const packed = await this.#ask(() => this.#redis.lrangeBuffer(itemsKey(sessionId), 0, -1));
    return packed.map((bytes) => unpack<ConversationItem>(bytes)).filter((item) => item !== undefined);
  }

  /** Whether Redis answers now. */
  async ping(): Promise<boolean> {
    try {
      const answer: string = await this.#redis.ping();
      return answer === 'PONG';
    } catch {
      // Readiness asks just this: no answer is the answer.
      return false;
    }
  }

  async #ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new VoxError('store_unavailable', `Redis did not answer: ${reason}`, 1000);
    }
  }
}

function stateOf(text: string | undefined): SessionState {
  return text === 'active' || text === 'ended' ? text : 'created';
}

function claimOutcome(outcome: string | undefined, rest: readonly Buffer[]): ClaimOutcome {
  if (outcome === 'held') return { outcome, workerId: rest[0]?.toString() ?? '', fence: Number(rest[1]?.toString()) };
  if (outcome === 'ended') return { outcome };
  const config = outcome === 'claimed' && rest[1] !== undefined ? unpack<SessionConfig>(rest[1]) : undefined;
  if (config === undefined) return { outcome: 'not_found' };
  const progress = { ingressSeq: Number(rest[2]?.toString()), egressSeq: Number(rest[3]?.toString()) };
  return { outcome: 'claimed', fence: Number(rest[0]?.toString()), config, progress };
}

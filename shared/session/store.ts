import type { SessionConfig } from '../protocol/agent-config.ts';
import { pack, unpack } from '../protocol/structured.ts';
import { wallMs } from '../runtime/clock.ts';
import { messageOf, VoxError } from '../runtime/errors.ts';
import { itemsKey, recordKey, type ConversationItem, type SessionRecord, type SessionState } from './record.ts';
import type { Redis } from './redis.ts';

/** Conversation items kept of a session; the oldest go first. */
export const MOST_ITEMS = 2000;

/** Proof of ownership that comes with every write of a worker. */
export interface Lease {
  readonly sessionId: string;
  readonly workerId: string;
  readonly fence: number;
}

/** How far a session has come, stored with commits and releases. What is stored goes back only with the items, by `restore`. */
export interface Progress {
  readonly ingressSeq: number;
  readonly egressSeq: number;
}

/** Progress of a lease's owner, with the newest commit Redis took from it (0: none): how it sees that Redis forgot some. */
export interface OwnerProgress extends Progress {
  readonly commitNo: number;
}

/** What a claim came to. */
export type ClaimOutcome =
  | { readonly outcome: 'claimed'; readonly fence: number; readonly config: SessionConfig; readonly progress: Progress; readonly connectionNo: number }
  | { readonly outcome: 'held'; readonly workerId: string; readonly fence: number }
  /** The claim is for a connection that is not the newest one. */
  | { readonly outcome: 'replaced' }
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
  /** The newest connection the owner knows of, 0 where it knows of none. */
  readonly connectionNo: number;
  /** The conversation so far, oldest first. */
  readonly items: readonly ConversationItem[];
}

/** What became of a connection that came with or without a resume token. */
export type ConnectOutcome =
  /** `previousNo`: what was the newest connection until now, 0 for none. */
  | { readonly outcome: 'connected'; readonly connectionNo: number; readonly previousNo: number }
  /** The token is unknown, expired or older than the last two. */
  | { readonly outcome: 'refused' }
  /** No such session, or it is over. */
  | { readonly outcome: 'not_found' };

/** What a connection presents and is to get; hashes are SHA-256, hex. */
export interface ConnectTokens {
  /** Of the resume token the client showed, if any. */
  readonly presentedHash: string | undefined;
  /** Of the resume token it is to be given; undefined for a connection that cannot resume. */
  readonly nextHash: string | undefined;
  readonly tokenTtlMs: number;
}

/** The owner that a claimer saw die, the highest fence it has heard of, and the connection it claims for, where it has one. */
export interface ClaimKnowledge {
  readonly lost?: { readonly workerId: string; readonly fence: number } | undefined;
  readonly seenFence: number;
  readonly connectionNo?: number | undefined;
}

/** What became of an end: who owned the session until now, or why a lease could not end it. */
export type EndOutcome = { readonly owner: string } | 'stale' | 'behind' | 'not_found';

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
  #outages = 0;
  #isAway = false;

  constructor(redis: Redis, times: StoreTimes) {
    this.#redis = redis;
    this.#times = times;
    redis.on('ready', () => (this.#outages += 1));
  }

  /** Grows with each noticed outage of Redis that is over: what was stored before may be forgotten. */
  get outages(): number {
    return this.#outages;
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
      connectionNo: number('connection_no'),
      expiresAtMs: wallMs() + Math.max(0, ttlMs),
    };
  }

  /**
   * Counts a connection of a session, which makes it the newest. A presented resume token must be one of the two that are
   * kept and not expired by Redis' clock. The next token becomes the newest; the presented one (or the newest before) stays
   * valid besides it, so that a client which never hears of the next one can come back with what it has.
   */
  async connect(sessionId: string, { presentedHash = '', nextHash = '', tokenTtlMs }: ConnectTokens): Promise<ConnectOutcome> {
    const [outcome, connectionNo, previousNo] = await this.#ask(() =>
      this.#redis.voxConnect(recordKey(sessionId), itemsKey(sessionId), this.#times.ttlMs, tokenTtlMs, presentedHash, nextHash),
    );
    if (outcome === 'connected') return { outcome, connectionNo: Number(connectionNo), previousNo: Number(previousNo) };
    return { outcome: outcome === 'refused' ? outcome : 'not_found' };
  }

  /**
   * Takes back a connection that never opened: the one before it is the newest again, and may go on. False where another
   * one was counted since. A gateway that dies before it says so leaves the number: the client of the live one comes back with its token.
   */
  async abandon(sessionId: string, connectionNo: number, previousNo: number): Promise<boolean> {
    return (await this.#ask(() => this.#redis.voxAbandon(recordKey(sessionId), connectionNo, previousNo))) === 1;
  }

  /**
   * Gives a connection a newer resume token; the one before stays valid until it expires or the next rotation. False where
   * nothing was written: there is a newer connection, the session is over, or Redis does not know it (any more, or until
   * its owner has written it anew).
   */
  async rotate(sessionId: string, connectionNo: number, nextHash: string, tokenTtlMs: number): Promise<boolean> {
    return (await this.#ask(() => this.#redis.voxRotate(recordKey(sessionId), connectionNo, nextHash, tokenTtlMs))) === 1;
  }

  /** Takes the lease for a worker; the fence is above all that were seen. An unexpired lease yields where its owner is `lost`. */
  async claim(sessionId: string, workerId: string, { lost, seenFence, connectionNo = 0 }: ClaimKnowledge): Promise<ClaimOutcome> {
    const { leaseMs, ttlMs } = this.#times;
    const [outcome, ...rest] = await this.#ask(() =>
      this.#redis.voxClaimBuffer(
        recordKey(sessionId), itemsKey(sessionId), workerId, leaseMs, ttlMs, seenFence, lost?.workerId ?? '', lost?.fence ?? 0,
        connectionNo,
      ),
    );
    return claimOutcome(outcome?.toString(), rest);
  }

  /** Extends the lease. `commitNo`: the newest commit that Redis took, so that a record without it is seen to be behind. */
  async renew({ sessionId, workerId, fence }: Lease, commitNo = 0): Promise<LeaseWrite> {
    const { leaseMs, ttlMs } = this.#times;
    return leaseWrite(await this.#ask(() =>
      this.#redis.voxRenew(recordKey(sessionId), itemsKey(sessionId), workerId, fence, leaseMs, ttlMs, commitNo),
    ));
  }

  /**
   * Appends items and stores progress; nothing is written unless 'ours' is answered. `commitNo` counts a lease's commits
   * from 1, so that one tried again is written once, and a record that lacks the one before is 'behind'.
   */
  async commit(lease: Lease, commitNo: number, progress: Progress, items: readonly ConversationItem[]): Promise<LeaseWrite> {
    const { sessionId, workerId, fence } = lease;
    return leaseWrite(await this.#ask(() =>
      this.#redis.voxCommit(
        recordKey(sessionId), itemsKey(sessionId), workerId, fence, commitNo, this.#times.ttlMs,
        progress.ingressSeq, progress.egressSeq, MOST_ITEMS, ...items.map(packed),
      ),
    ));
  }

  /**
   * Writes a record that is behind anew from its owner's memory, under the owner's fence: what Redis forgot is there again.
   * A record that is not behind stays as it is.
   */
  async restore({ sessionId, workerId, fence }: Lease, snapshot: Snapshot): Promise<'ours' | 'lost'> {
    const { leaseMs, ttlMs } = this.#times;
    const { config, progress, commitNo, connectionNo, items } = snapshot;
    const answer = leaseWrite(await this.#ask(() =>
      this.#redis.voxRestore(
        recordKey(sessionId), itemsKey(sessionId), workerId, fence, leaseMs, ttlMs, commitNo,
        progress.ingressSeq, progress.egressSeq, connectionNo, Buffer.from(pack(config)), ...items.slice(-MOST_ITEMS).map(packed),
      ),
    ));
    return answer === 'ours' ? 'ours' : 'lost';
  }

  /** Gives the lease back in order, so that anybody may claim at once. False where it is lost or the record is behind. */
  async release(lease: Lease, progress: Progress & { readonly commitNo?: number }): Promise<boolean> {
    const { sessionId, workerId, fence } = lease;
    const { ingressSeq, egressSeq, commitNo = 0 } = progress;
    const answer = await this.#ask(() =>
      this.#redis.voxRelease(
        recordKey(sessionId), itemsKey(sessionId), workerId, fence, ingressSeq, egressSeq, this.#times.ttlMs, commitNo,
      ),
    );
    return answer === 'ours';
  }

  /**
   * Ends a session: by its owner's lease, or (without one) by authority of who made it. Answers who owned it until now;
   * by lease, 'stale' where it is somebody else's and 'behind' where its record must be restored first.
   */
  async end(sessionId: string): Promise<Exclude<EndOutcome, 'behind'>>;
  async end(sessionId: string, lease: Lease): Promise<EndOutcome>;
  async end(sessionId: string, lease?: Lease): Promise<EndOutcome> {
    const [outcome, owner] = await this.#ask(() =>
      this.#redis.voxEnd(
        recordKey(sessionId), itemsKey(sessionId), this.#times.retentionMs, lease?.workerId ?? '', lease?.fence ?? '',
      ),
    );
    if (outcome === 'ended') return { owner: owner ?? '' };
    return outcome === 'stale' || outcome === 'behind' ? outcome : 'not_found';
  }

  /** The conversation so far, oldest first. */
  async items(sessionId: string): Promise<readonly ConversationItem[]> {
    const stored = await this.#ask(() => this.#redis.lrangeBuffer(itemsKey(sessionId), 0, -1));
    return stored.map((bytes) => unpack<ConversationItem>(bytes)).filter((item) => item !== undefined);
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
      const answer = await command();
      if (this.#isAway) this.#outages += 1;
      this.#isAway = false;
      return answer;
    } catch (error) {
      this.#isAway = true;
      const reason = messageOf(error);
      throw new VoxError('store_unavailable', `Redis did not answer: ${reason}`, 1000);
    }
  }
}

function packed(item: ConversationItem): Buffer {
  return Buffer.from(pack(item));
}

function leaseWrite(answer: string): LeaseWrite {
  return answer === 'ours' || answer === 'behind' ? answer : 'lost';
}

function stateOf(text: string | undefined): SessionState {
  return text === 'active' || text === 'ended' ? text : 'created';
}

function claimOutcome(outcome: string | undefined, rest: readonly Buffer[]): ClaimOutcome {
  if (outcome === 'held') return { outcome, workerId: rest[0]?.toString() ?? '', fence: Number(rest[1]?.toString()) };
  if (outcome === 'ended' || outcome === 'replaced') return { outcome };
  const config = outcome === 'claimed' && rest[1] !== undefined ? unpack<SessionConfig>(rest[1]) : undefined;
  if (config === undefined) return { outcome: 'not_found' };
  const progress = { ingressSeq: Number(rest[2]?.toString()), egressSeq: Number(rest[3]?.toString()) };
  return { outcome: 'claimed', fence: Number(rest[0]?.toString()), config, progress, connectionNo: Number(rest[4]?.toString()) };
}

import assert from 'node:assert/strict';
import type { SessionConfig } from '../protocol/agent-config.ts';
import { DEFAULT_AUDIO_FORMAT } from '../protocol/audio-format.ts';
import { createLog } from '../runtime/log.ts';
import { itemsKey, recordKey, type ConversationItem } from './record.ts';
import { connectRedis, type Redis } from './redis.ts';
import { SessionStore, type ClaimKnowledge, type Lease, type LeaseWrite } from './store.ts';

/** Times long enough that nothing runs out while a test runs. */
export const TIMES = { leaseMs: 60_000, ttlMs: 600_000, retentionMs: 6_000_000 };

/** A claim of one who knows of no owner before. */
export const UNKNOWING: ClaimKnowledge = { seenFence: 0 };

export const SILENT_LOG = createLog({ tier: 'test', id: 'store', level: 'silent' });

/** A session's configuration that is the same each time. */
export function configOf(sessionId: string): SessionConfig {
  const agent = { instructions: 'repeat', language: 'en-US', hints: ['go forward'], engines: {}, speak_text: false };
  return { sessionId, tags: [], lane: 'normal', agent, input: DEFAULT_AUDIO_FORMAT, output: DEFAULT_AUDIO_FORMAT, tokenHash: 'ab', createdAtMs: 1 };
}

/** An item that is known by its turn. */
export function itemAt(turn: number, text = `turn ${turn}`): ConversationItem {
  return { kind: 'caller', turn, text, atMs: turn };
}

/** What Redis knew of a session at some moment: what a replica that lags behind would know. */
export type Memory = readonly (Buffer | null)[];

/** A store on a Redis, and what tests do with it again and again. */
export class StoreFixture {
  readonly redis: Redis;
  readonly store: SessionStore;
  #made = 0;

  constructor(redis: Redis) {
    this.redis = redis;
    this.store = new SessionStore(redis, TIMES);
  }

  static async connect(url: string): Promise<StoreFixture> {
    return new StoreFixture(await connectRedis(url, SILENT_LOG));
  }

  async newSession(): Promise<string> {
    const sessionId = `session-${(this.#made += 1)}`;
    assert.equal(await this.store.create(configOf(sessionId)), true);
    return sessionId;
  }

  async claimed(sessionId: string, workerId: string, knowledge = UNKNOWING): Promise<Lease> {
    const outcome = await this.store.claim(sessionId, workerId, knowledge);
    assert.ok(outcome.outcome === 'claimed', `expected a claim, got ${outcome.outcome}`);
    return { sessionId, workerId, fence: outcome.fence };
  }

  /** Commits one item whose turn is the commit's number. */
  commit(lease: Lease, commitNo: number, ingressSeq = commitNo): Promise<LeaseWrite> {
    return this.store.commit(lease, commitNo, { ingressSeq, egressSeq: ingressSeq }, [itemAt(commitNo)]);
  }

  async turns(sessionId: string): Promise<readonly number[]> {
    return (await this.store.items(sessionId)).map(({ turn }) => turn);
  }

  /** What is known of a session now. */
  async remember(sessionId: string): Promise<Memory> {
    const dumps = await this.redis.multi().dumpBuffer(recordKey(sessionId)).dumpBuffer(itemsKey(sessionId)).exec();
    return (dumps ?? []).map(([, dump]) => (Buffer.isBuffer(dump) ? dump : null));
  }

  /** Makes Redis forget what came after: what a failover to a replica that lagged behind does; all of it without `memory`. */
  async forget(sessionId: string, memory: Memory = []): Promise<void> {
    const keys = [recordKey(sessionId), itemsKey(sessionId)];
    const transaction = this.redis.multi().del(keys);
    for (const [at, key] of keys.entries()) {
      const dump = memory[at];
      if (dump !== undefined && dump !== null) transaction.restore(key, TIMES.ttlMs, dump);
    }
    await transaction.exec();
  }
}

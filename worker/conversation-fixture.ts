import assert from 'node:assert/strict';
import { createLog } from '../shared/runtime/log.ts';
import type { ConversationItem } from '../shared/session/record.ts';
import { connectRedis, type Redis } from '../shared/session/redis.ts';
import { SessionStore } from '../shared/session/store.ts';
import { startRedis } from '../shared/testing/servers.ts';
import { AckLedger } from './ack-ledger.ts';
import { Conversation } from './conversation.ts';
import { agentConfig, sessionConfig } from './gateway-fixture.ts';

type Server = Awaited<ReturnType<typeof startRedis>>;

/** A conversation in a Redis of its own, and the ledger of what it covers. */
export class ConversationFixture {
  readonly server: Server;
  readonly ledger: AckLedger;
  readonly conversation: Conversation;
  readonly #redis: Redis;
  readonly #store: SessionStore;
  readonly #fence: number;
  #next: ConversationFixture | undefined;

  /** Use `ConversationFixture.start`. */
  constructor(server: Server, redis: Redis, store: SessionStore, fence: number, ingressSeq = 0, items: readonly ConversationItem[] = []) {
    this.server = server;
    this.ledger = new AckLedger(ingressSeq);
    this.#redis = redis;
    this.#store = store;
    this.#fence = fence;
    this.conversation = new Conversation({
      store, lease: { sessionId: 'session', workerId: `worker-${fence}`, fence }, config: sessionConfig('session', agentConfig()), items, ingressSeq, egressSeq: () => 0,
      committable: (stored) => this.ledger.committedWith(stored), onStored: (stored) => this.ledger.stored(stored), onLost: () => undefined,
    });
  }

  static async start(): Promise<ConversationFixture> {
    const server = await startRedis();
    const redis = await connectRedis(server.url, createLog({ tier: 'test', id: 'conversation', level: 'silent' }));
    const store = new SessionStore(redis, { leaseMs: 60_000, ttlMs: 60_000, retentionMs: 60_000 });
    await store.create(sessionConfig('session', agentConfig()));
    const claim = await store.claim('session', 'worker-1', { seenFence: 0 });
    assert.ok(claim.outcome === 'claimed');
    return new ConversationFixture(server, redis, store, claim.fence);
  }

  /** The conversation as the worker after this one knows it; this one's worker is dead. Stop the first one. */
  async takenOver(): Promise<ConversationFixture> {
    const fence = this.#fence;
    this.conversation.close();
    const claim = await this.#store.claim('session', `worker-${fence + 1}`, { seenFence: fence, lost: { workerId: `worker-${fence}`, fence } });
    assert.ok(claim.outcome === 'claimed');
    const items = await this.#store.items('session');
    this.#next = new ConversationFixture(this.server, this.#redis, this.#store, claim.fence, claim.progress.ingressSeq, items);
    return this.#next;
  }

  /** What is stored, its times left out. */
  async items(): Promise<ConversationItem[]> {
    const items = await this.#store.items('session');
    return items.map((item) => ({ ...item, atMs: 0 }));
  }

  async stop(): Promise<void> {
    this.#close();
    this.#redis.disconnect();
    await this.server.stop();
  }

  /** A conversation that is not closed tries for ever to be stored. */
  #close(): void {
    this.conversation.close();
    if (this.#next !== undefined) this.#next.#close();
  }
}

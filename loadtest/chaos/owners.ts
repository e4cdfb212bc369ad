import { isIncarnationOf } from '../../shared/runtime/incarnation.ts';
import { createLog } from '../../shared/runtime/log.ts';
import { recordKey } from '../../shared/session/record.ts';
import { connectRedis, type Redis } from '../../shared/session/redis.ts';
import { SessionStore } from '../../shared/session/store.ts';

/** The harness only reads: its times are never written. */
const UNUSED_TIMES = { leaseMs: 10_000, ttlMs: 3_600_000, retentionMs: 3_600_000 };

/** What the session store says about calls, read past the fleet. */
export class Owners {
  readonly #redis: Redis;
  readonly #store: SessionStore;

  /** Use `Owners.connect`. */
  constructor(redis: Redis) {
    this.#redis = redis;
    this.#store = new SessionStore(redis, UNUSED_TIMES);
  }

  static async connect(redisUrl: string): Promise<Owners> {
    return new Owners(await connectRedis(redisUrl, createLog({ tier: 'loadtest', id: 'chaos', level: 'silent' })));
  }

  /** Which of these sessions the process with this WORKER_ID owns. Rejects where the store does not answer. */
  async ownedBy(workerId: string, sessionIds: readonly string[]): Promise<Set<string>> {
    // One field each: many are asked for every few milliseconds while new owners are waited for.
    const owners = await Promise.all(sessionIds.map((sessionId) => this.#redis.hget(recordKey(sessionId), 'owner')));
    const owned = sessionIds.filter((_, at) => {
      const owner = owners[at] ?? '';
      return owner === workerId || isIncarnationOf(owner, workerId);
    });
    return new Set(owned);
  }

  /** What is stored of the caller's turns and questions, in order. Rejects where the store does not answer. */
  async callerTexts(sessionId: string): Promise<string[]> {
    const items = await this.#store.items(sessionId);
    return items.flatMap((item) => (item.kind === 'caller' ? [item.text] : []));
  }

  close(): void {
    this.#redis.disconnect();
  }
}

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { itemAt, StoreFixture, UNKNOWING, type Memory } from '../shared/session/store-fixture.ts';
import { MOST_ITEMS, type ClaimKnowledge } from '../shared/session/store.ts';
import { startRedisSentinel } from '../shared/testing/redis-sentinel.ts';
import { startRedis } from '../shared/testing/servers.ts';
import { AckLedger } from './ack-ledger.ts';
import { Conversation, type ConversationOptions } from './conversation.ts';

const LIMIT = { timeout: 200_000 };
/** Redis is back, and what waited for it is stored, within this. */
const SETTLED_WITHIN_MS = 30_000;

type Claim = Pick<ConversationOptions, 'lease' | 'config' | 'items' | 'ingressSeq'>;

/** An owner that says one numbered thing after another. */
class Owner {
  readonly conversation: Conversation;
  readonly claim: Claim;
  readonly #ledger: AckLedger;
  #said: number;
  #stored: number;
  isLost = false;

  constructor(fixture: StoreFixture, claim: Claim) {
    this.claim = claim;
    this.#said = claim.items.length;
    this.#stored = this.#said;
    this.#ledger = new AckLedger(claim.ingressSeq);
    this.conversation = new Conversation({
      ...claim, store: fixture.store, egressSeq: () => this.#said, connectionNo: () => 3,
      committable: (stored) => this.#ledger.committedWith(stored),
      onStored: (stored) => {
        this.#ledger.stored(stored);
        this.#stored += 1;
        assert.equal(stored.text, this.#stored, 'what is stored is told once, in order');
      },
      onLost: () => { this.isLost = true; },
    });
  }

  static async claiming(fixture: StoreFixture, sessionId: string, workerId: string, knowledge: ClaimKnowledge): Promise<Owner> {
    const claim = await fixture.store.claim(sessionId, workerId, knowledge);
    assert.ok(claim.outcome === 'claimed', claim.outcome);
    const { fence, config, progress } = claim;
    return new Owner(fixture, { lease: { sessionId, workerId, fence }, config, ingressSeq: progress.ingressSeq, items: await fixture.store.items(sessionId) });
  }

  get said(): number {
    return this.#said;
  }

  /** Says the next thing; resolves once it is stored. */
  say(): Promise<void> {
    this.#said += 1;
    this.#ledger.textReceived(this.#said);
    return this.conversation.commit([itemAt(this.#said)], { text: this.#said });
  }
}

/** Everything that was said is in Redis, once and in order, and the record covers it; its owner still is the owner. */
async function assertWhole(fixture: StoreFixture, owner: Owner): Promise<void> {
  await owner.conversation.settled(SETTLED_WITHIN_MS);
  const { sessionId, workerId, fence } = owner.claim.lease;
  assert.deepEqual(await fixture.turns(sessionId), Array.from({ length: owner.said }, (_, i) => i + 1));
  const record = await fixture.store.load(sessionId);
  assert.deepEqual([record?.owner, record?.fence, record?.ingressSeq, record?.egressSeq], [workerId, fence, owner.said, owner.said]);
  assert.equal(owner.isLost, false);
}

/** What happens to a conversation and to the Redis below it. */
type Step =
  | { readonly do: 'say'; readonly wait: boolean }
  | { readonly do: 'remember' | 'renew' | 'hand over' }
  /** Redis is as it was at one of the moments remembered; empty where there is none. */
  | { readonly do: 'forget'; readonly to: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('say'), wait: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('remember', 'renew') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hand over') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('forget'), to: fc.nat(10) }) },
);

describe('a conversation on a Redis that forgets', LIMIT, () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let fixture: StoreFixture;

  before(async () => {
    server = await startRedis();
    fixture = await StoreFixture.connect(server.url);
  });

  after(async () => {
    fixture.redis.disconnect();
    await server.stop();
  });

  /** The next owner takes over where the one before has stopped: in order, or because it was lost after all was stored. */
  async function handOver(owner: Owner): Promise<Owner> {
    await assertWhole(fixture, owner);
    owner.conversation.close();
    const { lease } = owner.claim;
    const next = await Owner.claiming(fixture, lease.sessionId, `worker-${lease.fence}`, { lost: lease, seenFence: lease.fence });
    assert.ok(next.claim.lease.fence > lease.fence);
    assert.equal(next.said, owner.said);
    return next;
  }

  /** A renewal as an owner's timer makes it. */
  async function renew({ claim, conversation }: Owner): Promise<void> {
    const answer = await fixture.store.renew(claim.lease, conversation.progress.commitNo);
    assert.notEqual(answer, 'lost');
    if (answer === 'behind') await conversation.restore();
  }

  async function run(all: readonly Step[]): Promise<void> {
    const sessionId = await fixture.newSession();
    const memories: Memory[] = [await fixture.remember(sessionId)];
    let owner = await Owner.claiming(fixture, sessionId, 'worker-0', UNKNOWING);
    for (const step of all) {
      if (step.do === 'say') {
        const stored = owner.say();
        if (step.wait) await stored;
      }
      if (step.do === 'remember') memories.push(await fixture.remember(sessionId));
      if (step.do === 'forget') await fixture.forget(sessionId, memories[step.to]);
      if (step.do === 'renew') await renew(owner);
      if (step.do === 'hand over') owner = await handOver(owner);
    }
    await assertWhole(fixture, owner);
    owner.conversation.close();
  }

  test('whatever Redis forgets and whenever, in the end it has everything that was said, once and in order', async () => {
    await fc.assert(fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 50, size: 'max' }), run), { numRuns: 80 });
  });

  test('a conversation of which nothing is stored yet is found again all the same', async () => {
    await run([{ do: 'forget', to: 9 }, { do: 'renew' }, { do: 'forget', to: 9 }, { do: 'hand over' }]);
  });

  test('of a long conversation as much is found again as is ever kept', async () => {
    const sessionId = await fixture.newSession();
    const owner = await Owner.claiming(fixture, sessionId, 'worker-0', UNKNOWING);
    for (let said = 0; said < MOST_ITEMS + 100; said += 100) await Promise.all(Array.from({ length: 100 }, () => owner.say()));
    const kept = await fixture.turns(sessionId);
    assert.deepEqual([kept.length, kept[0], kept.at(-1)], [MOST_ITEMS, 101, MOST_ITEMS + 100]);
    await fixture.forget(sessionId);
    await owner.conversation.restore();
    assert.deepEqual(await fixture.turns(sessionId), kept);
    owner.conversation.close();
  });

  test('the connections of the caller are counted on from where they were', async () => {
    const sessionId = await fixture.newSession();
    const owner = await Owner.claiming(fixture, sessionId, 'worker-0', UNKNOWING);
    await fixture.forget(sessionId);
    await owner.say();
    assert.equal((await fixture.store.load(sessionId))?.connectionNo, 3);
    owner.conversation.close();
  });

  test('an owner that was forgotten and replaced meanwhile writes nothing over the new one', async () => {
    const sessionId = await fixture.newSession();
    const old = await Owner.claiming(fixture, sessionId, 'worker-0', UNKNOWING);
    await old.say();
    const memory = await fixture.remember(sessionId);
    void old.say();
    await old.conversation.settled(SETTLED_WITHIN_MS);
    await fixture.forget(sessionId, memory);
    const next = await Owner.claiming(fixture, sessionId, 'worker-1', { lost: old.claim.lease, seenFence: old.claim.lease.fence });
    await next.say();
    void old.say();
    await old.conversation.settled(SETTLED_WITHIN_MS);
    assert.equal(old.isLost, true);
    await assertWhole(fixture, next);
    for (const { conversation } of [old, next]) conversation.close();
  });
});

describe('a conversation on a Redis that goes away', { ...LIMIT, concurrency: false }, () => {
  test('what is said while the primary dies and a replica takes over is stored, once and in order; the next owner has it all', async () => {
    const set = await startRedisSentinel();
    const fixture = await StoreFixture.connect(set.url);
    try {
      const owners: Owner[] = [];
      for (let at = 0; at < 5; at += 1) owners.push(await Owner.claiming(fixture, await fixture.newSession(), 'worker-0', UNKNOWING));
      const sayAll = (): Promise<unknown> => Promise.all(owners.map((owner) => owner.say()));
      await sayAll();
      const talking = new AbortController();
      const talk = (async () => {
        while (!talking.signal.aborted) {
          void sayAll();
          await sleep(20);
        }
      })();
      await set.killPrimary();
      // Stored again by the new primary.
      await sayAll();
      talking.abort();
      await talk;
      for (const owner of owners) {
        await assertWhole(fixture, owner);
        owner.conversation.close();
        const { lease } = owner.claim;
        const next = await Owner.claiming(fixture, lease.sessionId, 'worker-1', { lost: lease, seenFence: lease.fence });
        assert.deepEqual([next.claim.lease.fence, next.said], [lease.fence + 1, owner.said]);
        await next.say();
        await assertWhole(fixture, next);
        next.conversation.close();
      }
    } finally {
      fixture.redis.disconnect();
      await set.stop();
    }
  });

  test('a Redis that comes back empty is given the whole record again', async () => {
    const server = await startRedis();
    const fixture = await StoreFixture.connect(server.url);
    const owner = await Owner.claiming(fixture, await fixture.newSession(), 'worker-0', UNKNOWING);
    await owner.say();
    await server.kill('SIGKILL');
    const waiting = [owner.say(), owner.say()];
    const back = await startRedis({ port: server.port });
    try {
      await Promise.all(waiting);
      await assertWhole(fixture, owner);
      const record = await fixture.store.load(owner.claim.lease.sessionId);
      assert.deepEqual([record?.config, record?.state], [owner.claim.config, 'active']);
    } finally {
      owner.conversation.close();
      fixture.redis.disconnect();
      await back.stop();
    }
  });
});

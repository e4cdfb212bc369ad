import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { startRedis } from '../testing/servers.ts';
import { recordKey } from './record.ts';
import { configOf, itemAt, StoreFixture, type Memory } from './store-fixture.ts';
import { StoreModel, WORKERS, type KnownRecord, type WorkerName } from './store-model-fixture.ts';
import type { Lease } from './store.ts';

const TOKEN_TTL_MS = 600_000;

/** What one worker does, believing what it last heard; what the caller's connections do; what happens from outside. */
type Step =
  | { readonly do: 'claim'; readonly worker: WorkerName; readonly lost: 'none' | 'owner' | 'stale' | 'newest'; readonly knows: boolean; readonly behind: number }
  | { readonly do: 'commit'; readonly worker: WorkerName; readonly again: boolean }
  | { readonly do: 'renew' | 'release' | 'restore' | 'end'; readonly worker: WorkerName }
  | { readonly do: 'connect'; readonly shows: number; readonly isResumable: boolean }
  | { readonly do: 'rotate'; readonly behind: number }
  | { readonly do: 'expire' | 'end by authority' | 'remember' }
  /** Redis knows what it knew at one of the moments remembered; nothing at all where there is none. */
  | { readonly do: 'forget'; readonly to: number };

const worker = fc.constantFrom(...WORKERS);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('claim'), worker, lost: fc.constantFrom('none', 'owner', 'stale', 'newest'), knows: fc.boolean(), behind: fc.nat(2) }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('commit'), worker, again: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('renew', 'release', 'restore'), worker }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('connect'), shows: fc.nat(4), isResumable: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rotate'), behind: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('expire', 'remember') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('forget'), to: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.oneof(fc.record({ do: fc.constant('end'), worker }), fc.record({ do: fc.constant('end by authority') })) },
);

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

class Run {
  readonly model = new StoreModel();
  readonly sessionId: string;
  /** Each fence with the one that held it. */
  readonly #holders = new Map<number, WorkerName>();
  readonly #memories: { redis: Memory; record: KnownRecord | undefined }[] = [];
  /** Those that clients were given, oldest first. */
  readonly #tokens: string[] = [''];
  #highestFence = 0;
  /** Their numbers, the newest last. */
  readonly #connections: number[] = [];
  #made = 0;
  #hasForgotten = false;
  #turn = 0;

  constructor(sessionId: string) {
    this.sessionId = sessionId;
  }

  /** Does one step for real and in the model, and compares the answers. */
  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'claim': return this.#claim(step);
      case 'commit': return this.#commit(step.worker, step.again);
      case 'connect': return this.#connect(step.shows, step.isResumable);
      case 'rotate': return this.#rotate(step.behind);
      case 'remember': return void this.#memories.push({ redis: await fixture.remember(this.sessionId), record: this.model.record });
      case 'forget': return this.#forget(step.to);
      case 'expire': return this.#expire();
      case 'end by authority': return assert.deepEqual(await fixture.store.end(this.sessionId), this.model.end());
      default: return this.#leased(step.do, step.worker);
    }
  }

  /** What is in Redis is what the model says. */
  async check(): Promise<void> {
    const record = await fixture.store.load(this.sessionId);
    const { model } = this;
    assert.equal(record === undefined, model.record === undefined);
    if (record === undefined || model.record === undefined) return;
    const { owner, fence, isEnded, ingressSeq, connectionNo, turns } = model.record;
    assert.deepEqual(
      [record.owner, record.fence, record.state === 'ended', record.ingressSeq, record.connectionNo],
      [owner, fence, isEnded, ingressSeq, connectionNo],
    );
    assert.deepEqual(await fixture.turns(this.sessionId), turns);
  }

  async #claim({ worker: name, lost, knows, behind }: Extract<Step, { do: 'claim' }>): Promise<void> {
    const { model } = this;
    const { owner = '', fence = 0 } = model.record ?? {};
    const pairs = { none: undefined, owner: { workerId: owner, fence }, stale: { workerId: owner, fence: fence - 1 }, newest: this.#newestHolder() };
    // Gateways carry the highest fence they heard of; one that knows of none is safe only while Redis forgets nothing.
    const seenFence = knows || this.#hasForgotten ? this.#highestFence : 0;
    const connectionNo = this.#connections.at(-1 - behind) ?? 0;
    const knowledge = { lost: pairs[lost], seenFence, connectionNo };
    const outcome = await fixture.store.claim(this.sessionId, name, knowledge);
    assert.equal(outcome.outcome, model.claim(name, knowledge));
    if (outcome.outcome !== 'claimed') return;
    assert.ok(outcome.fence > this.#highestFence, 'a fence is above all that anybody ever held');
    this.#highestFence = outcome.fence;
    assert.equal(outcome.progress.ingressSeq, model.record?.ingressSeq);
    model.claimed(name, outcome.fence, connectionNo);
    assert.equal(outcome.connectionNo, model.record?.connectionNo);
  }

  #newestHolder(): { workerId: string; fence: number } | undefined {
    const workerId = WORKERS.find((name) => this.model.beliefs[name].fence === this.#highestFence);
    return workerId === undefined ? undefined : { workerId, fence: this.#highestFence };
  }

  async #commit(name: WorkerName, again: boolean): Promise<void> {
    const belief = this.model.beliefs[name];
    const isAgain = again && belief.commits > 0;
    const commitNo = isAgain ? belief.commits : belief.commits + 1;
    const turn = isAgain ? (belief.turns.at(-1) ?? 0) : (this.#turn += 1);
    const answer = await fixture.store.commit(this.#lease(name), commitNo, { ingressSeq: turn, egressSeq: 0 }, [itemAt(turn)]);
    assert.equal(answer, this.model.commit(name, commitNo, turn));
    this.#heard(name, answer);
  }

  async #leased(operation: 'renew' | 'release' | 'restore' | 'end', name: WorkerName): Promise<void> {
    const { model, sessionId } = this;
    const { commits, turns, fence } = model.beliefs[name];
    const lease = this.#lease(name);
    const progress = { ingressSeq: Math.max(0, ...turns), egressSeq: 0 };
    if (operation === 'end') return assert.deepEqual(await fixture.store.end(sessionId, lease), model.end(name));
    if (operation === 'release') return assert.equal(await fixture.store.release(lease, { ...progress, commitNo: commits }), model.release(name));
    if (operation === 'renew') {
      const answer = await fixture.store.renew(lease, commits);
      assert.equal(answer, model.renew(name));
      return this.#heard(name, answer);
    }
    // One that never held the session has nothing to restore.
    if (fence === 0) return;
    const answer = await fixture.store.restore(lease, { config: configOf(sessionId), progress, commitNo: commits, connectionNo: 0, items: turns.map((turn) => itemAt(turn)) });
    assert.equal(answer, model.restore(name));
    this.#heard(name, answer);
  }

  /** Whoever hears 'ours' is the only one to hear it under this fence, and finds there all it ever committed. */
  #heard(name: WorkerName, answer: string): void {
    if (answer !== 'ours') return;
    const { fence, turns } = this.model.beliefs[name];
    assert.equal(this.#holders.get(fence) ?? name, name);
    this.#holders.set(fence, name);
    assert.deepEqual(this.model.record?.turns, turns);
  }

  /** A client shows a token it was given lately, the newest as `shows` 0; or none. */
  async #connect(shows: number, isResumable: boolean): Promise<void> {
    const presented = this.#tokens.at(-1 - shows) ?? '';
    const next = isResumable ? this.#newToken() : '';
    const outcome = await fixture.store.connect(this.sessionId, {
      presentedHash: presented === '' ? undefined : presented, nextHash: next === '' ? undefined : next, tokenTtlMs: TOKEN_TTL_MS,
    });
    assert.equal(outcome.outcome, this.model.connect(presented, next));
    if (outcome.outcome !== 'connected') return;
    assert.ok(outcome.connectionNo > (this.#connections.at(-1) ?? 0), 'a number is above all others, whatever Redis forgot');
    this.#connections.push(outcome.connectionNo);
    this.model.connected(outcome.connectionNo);
    if (next !== '') this.#tokens.push(next);
  }

  async #rotate(behind: number): Promise<void> {
    const connectionNo = this.#connections.at(-1 - behind) ?? 0;
    const next = this.#newToken();
    const isGiven = await fixture.store.rotate(this.sessionId, connectionNo, next, TOKEN_TTL_MS);
    assert.equal(isGiven, this.model.rotate(connectionNo, next));
    if (isGiven) this.#tokens.push(next);
  }

  #newToken(): string {
    return `token-${(this.#made += 1)}`;
  }

  async #forget(to: number): Promise<void> {
    const memory = this.#memories[to];
    this.#hasForgotten = true;
    await fixture.forget(this.sessionId, memory?.redis);
    this.model.record = memory?.record;
    // No Redis comes back within the millisecond in which it went.
    while (Date.now() <= (this.#connections.at(-1) ?? 0)) await sleep(1);
  }

  async #expire(): Promise<void> {
    if (this.model.record === undefined) return;
    await fixture.redis.hset(recordKey(this.sessionId), 'lease_until_ms', 1);
    this.model.expire();
  }

  #lease(name: WorkerName): Lease {
    return { sessionId: this.sessionId, workerId: name, fence: this.model.beliefs[name].fence };
  }
}

test('however workers, connections and a forgetful Redis interleave, fences grow, one owner writes, what it committed is there', { timeout: 280_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 60, size: 'max' }), async (all) => {
      const run = new Run(await fixture.newSession());
      for (const step of all) {
        await run.take(step);
        await run.check();
      }
    }),
    { numRuns: 120 },
  );
});

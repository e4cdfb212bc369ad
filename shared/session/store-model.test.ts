import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_AUDIO_FORMAT } from '../protocol/audio-format.ts';
import { createLog } from '../runtime/log.ts';
import { startRedis } from '../testing/servers.ts';
import { recordKey } from './record.ts';
import { connectRedis, type Redis } from './redis.ts';
import { SessionStore } from './store.ts';

const WORKERS = ['a', 'b', 'c'] as const;
type WorkerName = (typeof WORKERS)[number];

/** What one worker does, believing what it last heard, or what happens to the session from outside. */
type Step =
  | { readonly do: 'claim'; readonly worker: WorkerName; readonly lost: 'none' | 'owner' | 'stale' }
  | { readonly do: 'commit'; readonly worker: WorkerName; readonly again: boolean }
  | { readonly do: 'renew' | 'release' | 'end'; readonly worker: WorkerName }
  | { readonly do: 'expire' }
  | { readonly do: 'end by authority' };

/** The session as it must be: the whole truth in a few fields. */
interface Model {
  owner: WorkerName | '';
  fence: number;
  isExpired: boolean;
  isEnded: boolean;
  commitNo: number;
  turns: number[];
  ingressSeq: number;
}

/** What a worker believes: its last fence and how many commits it made under it. */
interface Belief {
  fence: number;
  commits: number;
}

const worker = fc.constantFrom(...WORKERS);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('claim'), worker, lost: fc.constantFrom('none', 'owner', 'stale') }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('commit'), worker, again: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('renew', 'release'), worker }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('expire') }) },
  { weight: 1, arbitrary: fc.oneof(fc.record({ do: fc.constant('end'), worker }), fc.record({ do: fc.constant('end by authority') })) },
);

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
let store: SessionStore;
let made = 0;

before(async () => {
  server = await startRedis();
  redis = await connectRedis(server.url, createLog({ tier: 'test', id: 'model', level: 'silent' }));
  store = new SessionStore(redis, { leaseMs: 60_000, ttlMs: 600_000, retentionMs: 600_000 });
});

after(async () => {
  redis.disconnect();
  await server.stop();
});

class Run {
  readonly sessionId = `run-${(made += 1)}`;
  readonly model: Model = { owner: '', fence: 0, isExpired: true, isEnded: false, commitNo: 0, turns: [], ingressSeq: 0 };
  readonly beliefs: Record<WorkerName, Belief> = { a: { fence: 0, commits: 0 }, b: { fence: 0, commits: 0 }, c: { fence: 0, commits: 0 } };
  #turn = 0;

  async create(): Promise<void> {
    const agent = { instructions: '', language: 'en', hints: [], engines: {}, speak_text: false };
    const formats = { input: DEFAULT_AUDIO_FORMAT, output: DEFAULT_AUDIO_FORMAT };
    await store.create({ sessionId: this.sessionId, tags: [], lane: 'normal', agent, ...formats, tokenHash: '', createdAtMs: 0 });
  }

  /** Does one step for real and in the model, and compares the answers. */
  async take(step: Step): Promise<void> {
    if (step.do === 'claim') await this.#claim(step.worker, step.lost);
    else if (step.do === 'commit') await this.#commit(step.worker, step.again);
    else if (step.do === 'expire') await this.#expire();
    else if (step.do === 'end by authority') await this.#endByAuthority();
    else await this.#leased(step.do, step.worker);
  }

  /** What is in Redis is what the model says; nothing committed ever disappears. */
  async check(): Promise<void> {
    const record = await store.load(this.sessionId);
    const { owner, fence, isEnded, ingressSeq } = this.model;
    assert.deepEqual([record?.owner, record?.fence, record?.state === 'ended', record?.ingressSeq], [owner, fence, isEnded, ingressSeq]);
    assert.deepEqual((await store.items(this.sessionId)).map(({ turn }) => turn), this.model.turns);
  }

  async #claim(name: WorkerName, lost: 'none' | 'owner' | 'stale'): Promise<void> {
    const { model } = this;
    const named = { workerId: model.owner, fence: lost === 'owner' ? model.fence : model.fence - 1 };
    const outcome = await store.claim(this.sessionId, name, { lost: lost === 'none' ? undefined : named, seenFence: 0 });
    const isFree = model.owner === '' || model.owner === name || model.isExpired || lost === 'owner';
    assert.equal(outcome.outcome, model.isEnded ? 'ended' : isFree ? 'claimed' : 'held');
    if (outcome.outcome !== 'claimed') return;
    assert.ok(outcome.fence > model.fence, 'the fence grows with every claim');
    assert.equal(outcome.progress.ingressSeq, model.ingressSeq);
    Object.assign(model, { owner: name, fence: outcome.fence, isExpired: false, commitNo: 0 });
    this.beliefs[name] = { fence: outcome.fence, commits: 0 };
  }

  async #commit(name: WorkerName, again: boolean): Promise<void> {
    const { model } = this;
    const belief = this.beliefs[name];
    if (!again || belief.commits === 0) belief.commits += 1;
    this.#turn += 1;
    const item = { kind: 'caller', turn: this.#turn, text: name, atMs: 0 } as const;
    const accepted = await store.commit(this.#lease(name), belief.commits, { ingressSeq: this.#turn, egressSeq: 0 }, [item]);
    assert.equal(accepted, this.#owns(name) ? 'ours' : 'lost');
    if (accepted !== 'ours' || belief.commits <= model.commitNo) return;
    Object.assign(model, { commitNo: belief.commits, ingressSeq: this.#turn });
    model.turns.push(this.#turn);
  }

  async #leased(operation: 'renew' | 'release' | 'end', name: WorkerName): Promise<void> {
    const { model } = this;
    const owns = this.#owns(name);
    const lease = this.#lease(name);
    if (operation === 'end') {
      const isLast = model.isEnded && lease.fence === model.fence;
      assert.deepEqual(await store.end(this.sessionId, lease), owns || isLast ? { owner: model.owner } : 'stale');
      if (owns) Object.assign(model, { owner: '', isEnded: true });
      return;
    }
    const progress = { ingressSeq: model.ingressSeq, egressSeq: 0 };
    const accepted = operation === 'renew' ? (await store.renew(lease)) === 'ours' : await store.release(lease, progress);
    assert.equal(accepted, owns);
    if (owns) Object.assign(model, operation === 'renew' ? { isExpired: false } : { owner: '' });
  }

  async #expire(): Promise<void> {
    await redis.hset(recordKey(this.sessionId), 'lease_until_ms', 1);
    this.model.isExpired = true;
  }

  async #endByAuthority(): Promise<void> {
    assert.deepEqual(await store.end(this.sessionId), { owner: this.model.owner });
    Object.assign(this.model, { owner: '', isEnded: true });
  }

  #lease(name: WorkerName): { sessionId: string; workerId: string; fence: number } {
    return { sessionId: this.sessionId, workerId: name, fence: this.beliefs[name].fence };
  }

  #owns(name: WorkerName): boolean {
    return !this.model.isEnded && this.model.owner === name && this.model.fence === this.beliefs[name].fence;
  }
}

test('however three workers interleave, the fence grows, only the owner writes and nothing committed disappears', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 60 }), async (all) => {
      const run = new Run();
      await run.create();
      for (const step of all) {
        await run.take(step);
        await run.check();
      }
    }),
    { numRuns: 80 },
  );
});

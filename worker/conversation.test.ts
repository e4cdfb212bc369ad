import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../shared/runtime/log.ts';
import type { ConversationItem } from '../shared/session/record.ts';
import { connectRedis, type Redis } from '../shared/session/redis.ts';
import { SessionStore, type Lease } from '../shared/session/store.ts';
import { startRedis } from '../shared/testing/servers.ts';
import { AckLedger } from './ack-ledger.ts';
import { Conversation } from './conversation.ts';
import { agentConfig, sessionConfig } from './gateway-fixture.ts';

const log = createLog({ tier: 'test', id: 'conversation', level: 'silent' });
const LIMIT = { timeout: 200_000 };

interface Opened {
  readonly conversation: Conversation;
  readonly ledger: AckLedger;
  readonly lease: Lease;
  /** What happened, in order. */
  readonly happened: string[];
}

const caller = (turn: number): ConversationItem => ({ kind: 'caller', turn, text: `words ${turn}`, atMs: turn });
const agent = (turn: number): ConversationItem => ({ kind: 'agent', turn, text: `answer ${turn}`, interrupted: false, atMs: turn });

describe('a conversation kept in Redis', LIMIT, () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-conversation-'));
  /** It saves when it is told to, not by itself. */
  const onDisk = ['--dir', folder, '--dbfilename', 'dump.rdb'];
  let server: Awaited<ReturnType<typeof startRedis>>;
  let redis: Redis;
  let store: SessionStore;
  let made = 0;
  const open: Conversation[] = [];

  before(async () => {
    server = await startRedis({ flags: onDisk });
    redis = await connectRedis(server.url, log);
    store = new SessionStore(redis, { leaseMs: 60_000, ttlMs: 600_000, retentionMs: 600_000 });
  });

  afterEach(() => {
    for (const conversation of open.splice(0)) conversation.close();
  });

  after(async () => {
    redis.disconnect();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function openSession(workerId = 'worker-a', sessionId = `session-${(made += 1)}`, lost?: Lease): Promise<Opened> {
    if (lost === undefined) await store.create(sessionConfig(sessionId, agentConfig()));
    const claim = await store.claim(sessionId, workerId, { lost, seenFence: 0 });
    assert.ok(claim.outcome === 'claimed');
    const lease = { sessionId, workerId, fence: claim.fence };
    const happened: string[] = [];
    const ledger = new AckLedger(claim.progress.ingressSeq);
    const conversation = new Conversation({
      store, lease, config: claim.config, items: await store.items(sessionId), ingressSeq: claim.progress.ingressSeq, egressSeq: () => 5,
      committable: (stored) => ledger.committedWith(stored),
      onStored: (stored) => {
        ledger.stored(stored);
        happened.push(`stored ${JSON.stringify(stored)}`);
      },
      onLost: () => happened.push('lost'),
    });
    open.push(conversation);
    return { conversation, ledger, lease, happened };
  }

  /** Brings Redis back where it was, with what it knew: it has that from its disk, before anybody can ask it. */
  async function restartRedis(): Promise<void> {
    await redis.save();
    await server.kill('SIGKILL');
    await sleep(50);
    server = await startRedis({ port: server.port, flags: onDisk });
  }

  test('what is committed is in Redis when the commit resolves, and which ingress it covers is known before that', async () => {
    const { conversation, ledger, lease, happened } = await openSession();
    ledger.audioReceived(9);
    await conversation.commit([caller(1)], { audio: 9 }).then(() => happened.push('resolved'));
    assert.deepEqual(happened, ['stored {"audio":9}', 'resolved']);
    assert.deepEqual(await store.items(lease.sessionId), [caller(1)]);
    assert.deepEqual(conversation.progress, { ingressSeq: 9, egressSeq: 5, commitNo: 1 });
    const record = await store.load(lease.sessionId);
    assert.deepEqual([record?.ingressSeq, record?.egressSeq], [9, 5]);
  });

  test('commits made at once are stored in their order, each once', async () => {
    const { conversation, lease, happened } = await openSession();
    const turns = Array.from({ length: 30 }, (_, i) => i + 1);
    await Promise.all(turns.map((turn) => conversation.commit([caller(turn), agent(turn)], { text: turn })));
    assert.deepEqual(await store.items(lease.sessionId), turns.flatMap((turn) => [caller(turn), agent(turn)]));
    assert.deepEqual(happened, turns.map((turn) => `stored {"text":${turn}}`));
  });

  test('the record never says more than its items cover: an open text holds it back', async () => {
    const { conversation, ledger, lease } = await openSession();
    ledger.textReceived(1);
    ledger.audioReceived(2);
    await conversation.commit([caller(1)], { audio: 2 });
    assert.equal((await store.load(lease.sessionId))?.ingressSeq, 0);
    await conversation.commit([caller(1), agent(1)], { text: 1 });
    assert.equal((await store.load(lease.sessionId))?.ingressSeq, 2);
  });

  test('while Redis is stopped the conversation goes on from memory; what waited is then stored in order', async () => {
    const { conversation, lease, happened } = await openSession();
    await conversation.commit([caller(1)]);
    const restarted = restartRedis();
    await server.exited;
    const waiting = [2, 3, 4].map((turn) => conversation.commit([caller(turn)], { text: turn }));
    conversation.remember({ role: 'caller', text: 'words 2' });
    assert.deepEqual(conversation.history.map(({ text }) => text), ['words 2']);
    await conversation.settled(20);
    assert.deepEqual(happened, ['stored {}'], 'nothing is taken for stored meanwhile');
    await restarted;
    await Promise.all(waiting);
    assert.deepEqual(await store.items(lease.sessionId), [1, 2, 3, 4].map(caller));
    assert.deepEqual(happened.slice(1), [2, 3, 4].map((turn) => `stored {"text":${turn}}`));
  });

  test('a commit whose answer is lost is tried again and stored once', async () => {
    const { conversation, lease } = await openSession();
    await server.kill('SIGSTOP');
    const waiting = [1, 2].map((turn) => conversation.commit([caller(turn)]));
    // Longer than a command waits for its answer: the first attempt is in the frozen server's hands, and given up.
    await sleep(2700);
    await server.kill('SIGCONT');
    await Promise.all(waiting);
    assert.deepEqual(await store.items(lease.sessionId), [caller(1), caller(2)]);
  });

  test('a worker whose session was taken over hears of it, and what it had to say is neither stored nor taken for stored', async () => {
    const { conversation, lease, happened } = await openSession();
    const next = await openSession('worker-b', lease.sessionId, lease);
    void conversation.commit([caller(1)], { audio: 7 }).then(() => happened.push('resolved'));
    await conversation.settled(10_000);
    await next.conversation.commit([caller(2)]);
    assert.deepEqual(happened, ['lost']);
    assert.deepEqual(await store.items(lease.sessionId), [caller(2)]);
  });

  test('the next owner stands where the one before stopped', async () => {
    const first = await openSession();
    first.ledger.audioReceived(3);
    await first.conversation.commit([caller(1), agent(1), caller(2)], { audio: 3 });
    const { conversation } = await openSession('worker-b', first.lease.sessionId, first.lease);
    assert.deepEqual([conversation.standing.turn, conversation.standing.unanswered, conversation.progress.ingressSeq], [2, 2, 3]);
    assert.deepEqual(conversation.history.map(({ text }) => text), ['words 1', 'answer 1', 'words 2']);
  });

  test('a conversation with nothing to store is settled at once', async () => {
    const { conversation } = await openSession();
    await conversation.settled(60_000);
  });

  test('once closed, nothing that waits is stored, and nothing tries on', async () => {
    const { conversation, lease, happened } = await openSession();
    await server.kill('SIGSTOP');
    void conversation.commit([caller(1)]);
    void conversation.commit([caller(2)]);
    conversation.close();
    await server.kill('SIGCONT');
    void conversation.commit([caller(3)]);
    await conversation.settled(10_000);
    const stored = await store.items(lease.sessionId);
    assert.ok(stored.every((item) => item.turn === 1), 'only what was under way may still get there');
    assert.ok(!happened.includes('lost'));
  });
});

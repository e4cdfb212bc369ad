import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENVELOPE_TYPE, type Envelope } from '../shared/protocol/envelope.ts';
import { isIncarnationOf } from '../shared/runtime/incarnation.ts';
import { agentConfig, type GatewayFixture } from './gateway-fixture.ts';
import { WorkerFixture, type WorkerProcess } from './worker-fixture.ts';

const LIMIT = { timeout: 200_000 };
const GREETING = Array.from({ length: 12 }, (_, i) => `This is sentence number ${i + 1} of a long greeting.`).join(' ');

describe('a session that another worker took over', LIMIT, () => {
  let fixture: WorkerFixture;
  let frozen: WorkerProcess;

  before(async () => {
    fixture = await WorkerFixture.start();
    frozen = await fixture.startWorker('worker-a');
    await fixture.startWorker('worker-b');
  });

  after(async () => {
    await frozen.kill('SIGCONT');
    await fixture.stop();
  });

  test('an owner that was frozen and wakes up is not believed, writes nothing, lets go and falls silent', async () => {
    const gateway = await fixture.caller('frozen', agentConfig({ greeting: GREETING }));
    const first = await gateway.claim('frozen', {}, 'worker-a');
    assert.ok(first.ok);
    await gateway.until(() => spokenBy(gateway, 1).length >= 3);
    await frozen.kill('SIGSTOP');
    const { workerId, fence } = first;
    const seenEgressSeq = gateway.seenEgressSeq;
    const second = await gateway.claim('frozen', { lost: { workerId, fence }, seenFence: fence, seenEgressSeq }, 'worker-b');
    assert.ok(second.ok && isIncarnationOf(second.workerId, 'worker-b'));
    assert.equal(second.fence, 2);
    gateway.text('who is there?');
    await gateway.until(() => gateway.events().some(({ type }) => type === 'text'));
    const itemsBefore = await fixture.store.items('frozen');

    await frozen.kill('SIGCONT');
    const released = await gateway.until(() => gateway.received.find(({ type, fence: of }) => type === ENVELOPE_TYPE.released && of === 1));
    const lastOfOld = gateway.received.lastIndexOf(released);
    const record = await fixture.store.load('frozen');
    assert.deepEqual([record?.owner, record?.fence], [second.workerId, 2]);
    gateway.text('and now?');
    await gateway.until(() => gateway.events().filter(({ type }) => type === 'text').length >= 2);
    assert.deepEqual(gateway.received.slice(lastOfOld + 1).filter(({ fence: of }) => of === 1), [], 'it has fallen silent');
    const items = await fixture.store.items('frozen');
    assert.deepEqual(items.slice(0, itemsBefore.length), itemsBefore, 'what the new owner stored stands');
    const answered = await gateway.claim('frozen', { lost: { workerId, fence: 1 }, seenFence: 2 }, 'worker-a');
    assert.deepEqual(answered, { ok: false, reason: 'held', owner: { workerId: second.workerId, fence: 2 } });
  });
});

describe('claims that meet an owner', LIMIT, () => {
  let fixture: WorkerFixture;

  before(async () => {
    fixture = await WorkerFixture.start();
    // Longer than the tests: an owner learns by the claim what it has lost, not by a renewal.
    await Promise.all(['worker-a', 'worker-b'].map((id) => fixture.startWorker(id, { LEASE_MS: '60000' })));
  });

  after(async () => fixture.stop());

  /** A session on worker-a, and how its owner would be named as lost. */
  async function owned(sessionId: string): Promise<{ gateway: GatewayFixture; lost: { workerId: string; fence: number } }> {
    const gateway = await fixture.caller(sessionId);
    const claimed = await gateway.claim(sessionId, { listening: false, connectionNo: 5 }, 'worker-a');
    assert.ok(claimed.ok && claimed.fence === 1);
    return { gateway, lost: { workerId: claimed.workerId, fence: 1 } };
  }

  test('who knows of a later owner is not attached to the old one, which lets go without a word to that connection', async () => {
    const { gateway, lost } = await owned('stale');
    await fixture.store.claim('stale', 'elsewhere', { lost, seenFence: 1 });
    const answer = await gateway.claim('stale', { seenFence: 2, connectionNo: 5 }, 'worker-a');
    assert.deepEqual(answer, { ok: false, reason: 'held', owner: { workerId: 'elsewhere', fence: 2 } });
    assert.equal((await gateway.claim('stale', { lost: { workerId: 'elsewhere', fence: 2 }, seenFence: 2, connectionNo: 5 }, 'worker-a')).ok, true);
    gateway.text('and now?');
    await gateway.until(() => gateway.events().length === 1);
    assert.deepEqual(gateway.received.filter(({ type }) => type === ENVELOPE_TYPE.released), []);
  });

  test('an owner that is taken for dead asks Redis who has the session: it goes on where it is its own, and lets go where not', async () => {
    const { gateway, lost } = await owned('doubted');
    const alive = await gateway.claim('doubted', { lost, seenFence: 1, connectionNo: 5 }, 'worker-a');
    assert.deepEqual([alive.ok, alive.ok && alive.fence], [true, 1]);
    await fixture.store.claim('doubted', 'elsewhere', { lost, seenFence: 1 });
    const answers = await Promise.all([0, 1].map(() => gateway.claim('doubted', { lost, seenFence: 1, connectionNo: 5 }, 'worker-a')));
    for (const answer of answers) assert.deepEqual(answer, { ok: false, reason: 'held', owner: { workerId: 'elsewhere', fence: 2 } });
  });

  test('an older connection does not take the session from a newer one by saying that its owner is lost', async () => {
    const { gateway, lost } = await owned('served');
    const older = await fixture.gateway('gateway-served-older');
    assert.deepEqual(await older.claim('served', { lost, seenFence: 1, connectionNo: 4 }, 'worker-b'), { ok: false, reason: 'replaced' });
    gateway.text('still here?');
    await gateway.until(() => gateway.events().length === 1);
  });
});

describe('a worker whose Redis came back without its data', LIMIT, () => {
  let fixture: WorkerFixture;

  before(async () => {
    fixture = await WorkerFixture.start();
    await fixture.startWorker('worker-a', { LEASE_MS: '1000' });
  });

  after(async () => fixture.stop());

  test('the owner goes on and writes the session anew: record, fence, lease and conversation', async () => {
    const gateway = await fixture.caller('forgotten');
    const claimed = await gateway.claim('forgotten', { seenFence: 4, listening: false, connectionNo: 3 });
    assert.ok(claimed.ok);
    gateway.text('remember me');
    await gateway.until(() => gateway.received.some(({ type, seq }) => type === ENVELOPE_TYPE.ack && seq === 1));
    const [itemsBefore, before] = [await fixture.store.items('forgotten'), await fixture.store.load('forgotten')];
    await fixture.bounceRedis();
    await until(async () => (await fixture.store.items('forgotten')).length >= itemsBefore.length);
    const record = await fixture.store.load('forgotten');
    assert.deepEqual([record?.owner, record?.fence, record?.ingressSeq], [claimed.workerId, 5, before?.ingressSeq]);
    assert.deepEqual(await fixture.store.items('forgotten'), itemsBefore);
    assert.deepEqual(record?.config, before?.config);
    assert.equal(record?.connectionNo, 3);
    gateway.text('and now?');
    await until(async () => (await fixture.store.items('forgotten')).length === itemsBefore.length + 2);
  });
});

/** Asks again and again, also while Redis does not answer; the test's own time limit is the limit. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 50));
}

function spokenBy(gateway: GatewayFixture, fence: number): Envelope[] {
  return gateway.said().filter((envelope) => envelope.type === ENVELOPE_TYPE.speech && envelope.fence === fence);
}

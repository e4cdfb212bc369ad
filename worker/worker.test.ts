import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ENVELOPE_TYPE } from '../shared/protocol/envelope.ts';
import { isIncarnationOf } from '../shared/runtime/incarnation.ts';
import type { SessionStore } from '../shared/session/store.ts';
import { startNats } from '../shared/testing/servers.ts';
import { agentConfig, GatewayFixture, sessionConfig } from './gateway-fixture.ts';
import { scriptedSpeech } from './speech/scripted/synthesizer.ts';
import { loudTone, sayInRealTime, turnOf } from './speech-fixture.ts';
import { WorkerFixture } from './worker-fixture.ts';

const LIMIT = { timeout: 200_000 };

describe('a worker process', LIMIT, () => {
  let fixture: WorkerFixture;
  let store: SessionStore;
  const caller: WorkerFixture['caller'] = (...of) => fixture.caller(...of);

  before(async () => {
    fixture = await WorkerFixture.start();
    store = fixture.store;
    await fixture.startWorker('worker-a');
  });

  after(async () => fixture.stop());

  test('texts are answered one for one and in order, whatever their lanes', async () => {
    const gateway = await caller('texts');
    const claimed = await gateway.claim('texts', { listening: false });
    assert.equal(claimed.ok, true);
    const lanes = ['normal', 'bulk', 'urgent'] as const;
    const sent = Array.from({ length: 60 }, (_, i) => `message ${i}`);
    for (const [i, content] of sent.entries()) gateway.text(content, lanes[i % lanes.length]);
    await gateway.until(() => gateway.events().length >= sent.length);
    assert.deepEqual(gateway.events(), sent.map((content, i) => ({ type: 'text', content: `You said: ${content}.`, re: i + 1 })));
    await gateway.until(() => gateway.received.some(({ type, seq }) => type === ENVELOPE_TYPE.ack && seq === sent.length));
    const record = await store.load('texts');
    assert.equal(record?.ingressSeq, sent.length);
  });

  test('a spoken turn is transcribed, answered aloud sample for sample, and its stages are told', async () => {
    const gateway = await caller('spoken');
    await gateway.claim('spoken');
    await sayInRealTime(gateway, turnOf(loudTone(600)));
    const turn = await gateway.until(() => gateway.events().find((event) => event.type === 'turn'));
    const transcripts = gateway.events().filter((event) => event.type === 'transcript');
    const heard = transcripts.find(({ role, final }) => role === 'caller' && final);
    assert.match(heard?.text ?? '', /\S/);
    const answer = `You said: ${heard?.text}.`;
    const spoken = scriptedSpeech(answer);
    const bytes = await gateway.until(() => wholeSpeech(gateway, spoken.length * 2));
    assert.deepEqual(new Int16Array(bytes.buffer, 0, spoken.length), spoken);
    assert.ok(Object.values(turn.stages).every((ms) => ms >= 0));
    const seqs = gateway.received.filter(({ type }) => type === ENVELOPE_TYPE.event || type === ENVELOPE_TYPE.speech).map(({ seq }) => seq);
    assert.deepEqual(seqs, seqs.map((_, i) => i + 1));
  });

  test('a caller who speaks over the agent silences it at once', async () => {
    const gateway = await caller('barge-in', agentConfig({ greeting: 'This greeting goes on for quite a while, far longer than anybody would want to listen to it.' }));
    await gateway.claim('barge-in');
    await gateway.until(() => gateway.received.some(({ type }) => type === ENVELOPE_TYPE.speech));
    await sayInRealTime(gateway, turnOf(loudTone(400)));
    await gateway.until(() => gateway.events().some(({ type }) => type === 'clear'));
    await gateway.until(() => gateway.events().some((event) => event.type === 'transcript' && event.role === 'caller' && event.final));
    await until(async () => (await store.items('barge-in')).some(({ kind }) => kind === 'agent'));
    const agent = (await store.items('barge-in')).find((item) => item.kind === 'agent');
    assert.equal(agent?.kind === 'agent' && agent.interrupted, true);
  });

  test('an unknown and an ended session are refused, an owned one names its owner', async () => {
    const gateway = await caller('owned');
    assert.deepEqual(await gateway.claim('nobody'), { ok: false, reason: 'session_not_found' });
    await store.end('owned');
    assert.deepEqual(await gateway.claim('owned'), { ok: false, reason: 'session_ended' });
    const other = await caller('elsewhere');
    await store.claim('elsewhere', 'worker-z', { seenFence: 0 });
    assert.deepEqual(await other.claim('elsewhere'), { ok: false, reason: 'held', owner: { workerId: 'worker-z', fence: 1 } });
    const taken = await other.claim('elsewhere', { lost: { workerId: 'worker-z', fence: 1 } });
    assert.equal(taken.ok && taken.fence, 2);
  });

  test('envelopes with a stale fence change nothing', async () => {
    const gateway = await caller('stale');
    await gateway.claim('stale', { listening: false });
    gateway.send(ENVELOPE_TYPE.text, new Uint8Array(), 'normal', { fence: 0, seq: 1 });
    gateway.text('the only one');
    await gateway.until(() => gateway.events().length > 0);
    assert.deepEqual(gateway.events(), [{ type: 'text', content: 'You said: the only one.', re: 1 }]);
  });

  test('a caller who comes back through another gateway goes on with the same worker, the old gateway is told', async () => {
    const first = await caller('moving');
    await first.claim('moving', { listening: false });
    first.text('one');
    await first.until(() => first.events().length === 1);
    const second = await fixture.gateway('gateway-moving-2');
    const attached = await second.claim('moving', { listening: false }, first.claimed.workerId);
    assert.equal(attached.ok && attached.fence, first.claimed.fence);
    assert.equal(attached.ok && attached.receivedIngressSeq, 1);
    await first.until(() => first.received.some(({ type }) => type === ENVELOPE_TYPE.released));
    first.text('said by a gateway that does not know yet');
    first.send(ENVELOPE_TYPE.gone, new Uint8Array(), 'control');
    await new Promise((resolve) => setImmediate(resolve));
    // Answered after what was sent before it: the worker has seen that by now.
    await first.end('nobody');
    second.text('two');
    await second.until(() => second.events().length === 1);
    assert.deepEqual(second.events(), [{ type: 'text', content: 'You said: two.', re: 2 }]);
    assert.equal(first.events().length, 1, 'what the old gateway still sent is nobody’s');
  });

  test('a session ended from outside says so and frees its slot', async () => {
    const gateway = await caller('ending');
    await gateway.claim('ending');
    await store.end('ending');
    await gateway.end('ending');
    await gateway.until(() => gateway.received.some(({ type }) => type === ENVELOPE_TYPE.ended));
    assert.deepEqual(await gateway.claim('ending'), { ok: false, reason: 'session_ended' });
  });

  test('an agent that hangs up ends the session once it has finished speaking', async () => {
    const gateway = await caller('goodbye');
    await gateway.claim('goodbye', { listening: false });
    gateway.text('goodbye');
    await gateway.until(() => gateway.received.some(({ type }) => type === ENVELOPE_TYPE.ended));
    assert.equal((await store.load('goodbye'))?.state, 'ended');
  });

  test('at SIGTERM every session is handed off, and the next owner knows what was said', async () => {
    const worker = await fixture.startWorker('worker-b');
    const gateway = await caller('handed', agentConfig({ instructions: '' }));
    const claimed = await gateway.claim('handed', { listening: false }, 'worker-b');
    assert.ok(claimed.ok && isIncarnationOf(claimed.workerId, 'worker-b'));
    gateway.text('remember me');
    await gateway.until(() => gateway.received.some(({ type }) => type === ENVELOPE_TYPE.ack));
    const stopped = worker.stop();
    await gateway.until(() => gateway.received.some(({ type }) => type === ENVELOPE_TYPE.released));
    const next = await gateway.claim('handed', { listening: false });
    assert.ok(next.ok && isIncarnationOf(next.workerId, 'worker-a'));
    assert.equal(next.fence, 2);
    assert.equal(next.committedIngressSeq, 1);
    assert.equal((await store.items('handed')).length, 2);
    assert.equal((await stopped).code, 0);
  });

  test('a claim asked for twice at once is one claim', async () => {
    const gateway = await caller('impatient');
    const [one, other] = await Promise.all([gateway.claim('impatient', {}, 'worker-a'), gateway.claim('impatient', {}, 'worker-a')]);
    assert.deepEqual(one, other);
    assert.equal(one.ok && one.fence, 1);
    await store.end('impatient');
    await gateway.end('impatient');
    await gateway.until(() => gateway.received.some(({ type }) => type === ENVELOPE_TYPE.ended));
  });

  test('a session whose gateway died is given up after its grace, and its slot is free again', async () => {
    await fixture.startWorker('worker-c', { RECONNECT_GRACE_MS: '100', LEASE_MS: '1000' });
    const gateway = await caller('orphan');
    await gateway.claim('orphan', {}, 'worker-c');
    await fixture.lose(gateway);
    await until(async () => (await store.load('orphan'))?.owner === '');
    assert.equal((await store.load('orphan'))?.state, 'active');
  });

  test('an engine that throws, or never answers, harms only the turns of its own session', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'voxfleet-engines-'));
    const module = join(folder, 'broken.mjs');
    writeFileSync(module, BROKEN_ENGINE);
    await fixture.startWorker('worker-d', { ENGINE_MODULES: module, MAX_WORKERS: '1', ENGINE_DEADLINE_MS: '3000' });
    const engines = agentConfig().engines;
    const broken = await caller('broken', agentConfig({ engines: { ...engines, recognizer: 'broken', responder: 'broken' } }));
    const sound = await caller('sound');
    await broken.claim('broken', {}, 'worker-d');
    await sound.claim('sound', {}, 'worker-d');
    broken.text('anybody there?');
    await Promise.all([sayInRealTime(broken, turnOf(loudTone(600))), sayInRealTime(sound, turnOf(loudTone(600)))]);
    await sound.until(() => sound.events().some(({ type }) => type === 'turn'));
    const codes = (): unknown[] => broken.events().flatMap((event) => (event.type === 'error' ? [event.code] : []));
    await broken.until(() => codes().includes('recognizer_failed') && codes().includes('responder_failed'));
    rmSync(folder, { recursive: true });
  });

  test('a worker with all slots taken has no responders for more', async () => {
    const alone = await startNats();
    try {
      const worker = await fixture.startWorker('worker-full', { NATS_URL: alone.url, SLOTS: '1' });
      await Promise.all(['only', 'one-too-many'].map((id) => store.create(sessionConfig(id, agentConfig()))));
      const gateway = await GatewayFixture.connect(alone.url, 'gateway-full');
      assert.equal((await gateway.claim('only')).ok, true);
      await assert.rejects(gateway.claim('one-too-many'), { failure: 'no_responders' });
      await gateway.bus.close();
      await worker.stop();
    } finally {
      await alone.stop();
    }
  });
});

/** Throws where it is asked to hear, and never says anything. */
const BROKEN_ENGINE = `export const engine = {
  name: 'broken', computesHere: true,
  recognizer: async () => ({ name: 'broken', warm() {}, open() { throw new Error('no ears'); }, close: async () => undefined }),
  responder: async () => ({ name: 'broken', phrases: () => [], async *respond() { await new Promise(() => undefined); }, close: async () => undefined }),
};`;

/** Asks again and again; the test's own time limit is the limit. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** The agent's audio once at least this many bytes of it have come. */
function wholeSpeech(gateway: GatewayFixture, bytes: number): Uint8Array<ArrayBuffer> | undefined {
  const speech = gateway.received.filter(({ type }) => type === ENVELOPE_TYPE.speech).map(({ payload }) => payload);
  const whole = new Uint8Array(Buffer.concat(speech));
  return whole.length >= bytes ? whole : undefined;
}

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ClaimRequest } from '../shared/protocol/claim.ts';
import { ENVELOPE_TYPE, type EnvelopeType } from '../shared/protocol/envelope.ts';
import { pack } from '../shared/protocol/structured.ts';
import type { ConversationItem } from '../shared/session/record.ts';
import { agentConfig } from './gateway-fixture.ts';
import { WorkerFixture } from './worker-fixture.ts';

/** What no version has yet. */
const UNKNOWN_TYPE = 12 as EnvelopeType;
const UNKNOWN_CONTROL = 13 as EnvelopeType;
const UNKNOWN_LANE = 9;
const UNKNOWN_FIELDS = { mood: 'calm', claimedFrom: { zone: 'a' } } as Partial<ClaimRequest>;
const UNKNOWN_ITEM = { kind: 'summary', text: 'They greet each other.', atMs: 1 } as object as ConversationItem;

describe('a worker of a version before its gateway', { timeout: 180_000 }, () => {
  let fixture: WorkerFixture;

  before(async () => {
    fixture = await WorkerFixture.start();
    await fixture.startWorker('worker-older');
  });
  after(() => fixture.stop());

  test('passes over what it does not know, numbered or not, and goes on with what follows', async () => {
    const gateway = await fixture.caller('newer');
    assert.ok((await gateway.claim('newer', UNKNOWN_FIELDS)).ok);
    gateway.text('first');
    gateway.send(UNKNOWN_TYPE, pack({ video: true }), 'normal', { seq: 2 });
    gateway.send(UNKNOWN_CONTROL, pack({ volume: 3 }), 'control', { seq: 0 });
    gateway.send(UNKNOWN_TYPE, pack({ video: true }), 'normal', { seq: 3, lane: UNKNOWN_LANE });
    gateway.text('second', 'normal', { seq: 4 });
    const answers = await gateway.until(() => {
      const texts = gateway.events().filter((event) => event.type === 'text');
      return texts.length === 2 && texts;
    });
    assert.deepEqual(answers.map(({ re }) => re), [1, 4]);
    await gateway.until(() => gateway.received.some(({ type, seq }) => type === ENVELOPE_TYPE.ack && seq === 4));
  });

  test('reads a record with items of a newer version: what it understands counts, what it does not stays', async () => {
    const gateway = await fixture.caller('items', agentConfig());
    const claim = await fixture.store.claim('items', 'worker-newer', { seenFence: 0 });
    assert.ok(claim.outcome === 'claimed');
    const lease = { sessionId: 'items', workerId: 'worker-newer', fence: claim.fence };
    const asked: ConversationItem = { kind: 'caller', turn: 1, text: 'are you there', atMs: 1, seq: 5 };
    await fixture.store.commit(lease, 1, { ingressSeq: 5, egressSeq: 0 }, [asked, UNKNOWN_ITEM]);
    await fixture.store.release(lease, { ingressSeq: 5, egressSeq: 0, commitNo: 1 });
    assert.ok((await gateway.claim('items')).ok);
    const said = await gateway.until(() => gateway.events().find((event) => event.type === 'transcript' && event.role === 'agent'));
    assert.equal(said.type === 'transcript' && said.turn, 1, 'the turn was not answered yet, whatever was noted after it');
    assert.deepEqual((await fixture.store.items('items')).slice(0, 2), [asked, UNKNOWN_ITEM]);
  });
});

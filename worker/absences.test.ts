import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_AUDIO_FORMAT, audioMs } from '../shared/protocol/audio-format.ts';
import { checkSubject } from '../shared/bus/subjects.ts';
import type { ConnectionCheckReply } from '../shared/protocol/claim.ts';
import { ENVELOPE_TYPE } from '../shared/protocol/envelope.ts';
import { pack } from '../shared/protocol/structured.ts';
import { agentConfig, type GatewayFixture } from './gateway-fixture.ts';
import { silence } from './speech/conformance/recordings.ts';
import { loudTone, sayInRealTime } from './speech-fixture.ts';
import { WorkerFixture } from './worker-fixture.ts';

const LIMIT = { timeout: 200_000 };
const SENTENCES = ['Somebody goes away in the midst of this sentence.', 'This one is said to nobody but who is back.'];

describe('while its caller is away', LIMIT, () => {
  let fixture: WorkerFixture;

  before(async () => {
    fixture = await WorkerFixture.start();
  });

  after(async () => fixture.stop());

  test('an agent that nobody came back to has said what was heard of it', async () => {
    await fixture.startWorker('short-of-time', { RECONNECT_GRACE_MS: '50' });
    const gateway = await fixture.caller('left', agentConfig({ greeting: SENTENCES.join(' ') }));
    await gateway.claim('left', {}, 'short-of-time');
    await heard(gateway, 2500);
    gateway.control(ENVELOPE_TYPE.gone);
    await gateway.until(() => gateway.received.some(({ type }) => type === ENVELOPE_TYPE.released));
    const last = (await fixture.store.items('left')).at(-1);
    assert.ok(last?.kind === 'agent' && last.interrupted && last.text.startsWith('Somebody goes'), JSON.stringify(last));
  });

  test('an agent stands still, and a caller who comes back through another gateway hears the rest, each sample once', async () => {
    await fixture.startWorker('patient');
    const agent = agentConfig({ greeting: SENTENCES.join(' ') });
    const whole = await fixture.caller('stayed', agent);
    isThere(whole);
    await whole.claim('stayed', {}, 'patient');
    const first = await fixture.caller('returned', agent);
    await first.claim('returned', {}, 'patient');
    await heard(first, 1500);
    first.control(ENVELOPE_TYPE.gone);
    while ((await fixture.store.items('stayed')).at(-1)?.kind !== 'agent') await sleep(50);
    const seen = first.seenEgressSeq;
    const second = await fixture.gateway('gateway-returned-2');
    isThere(second);
    await second.claim('returned', { connectionNo: 2, seenEgressSeq: seen, isResuming: true }, 'patient');
    await second.until(() => speechOf(first).length + speechOf(second).length >= speechOf(whole).length);
    assert.equal(Buffer.concat([speechOf(first), speechOf(second)]).compare(speechOf(whole)), 0);
    assert.deepEqual(second.said().map(({ seq }) => seq), second.said().map((_, i) => seen + 1 + i));
  });

  for (const [phase, before] of [['a word', [silence(200), loudTone(400)]], ['a breath', [silence(200), loudTone(400), silence(300)]]] as const) {
    test(`a sentence whose gateway dies in the middle of ${phase} is one turn, however long the caller takes to come back`, async () => {
      const sessionId = `cut-off-in-${phase.replace(' ', '-')}`;
      await fixture.startWorker(sessionId);
      // Nobody answers whether the caller is there: this gateway is dead as soon as it says nothing any more.
      const first = await fixture.caller(sessionId);
      await first.claim(sessionId, {}, sessionId);
      await sayInRealTime(first, before);
      await first.until(() => first.events().some(({ type }) => type === 'speech_started'));
      await sleep(3000);
      const second = await fixture.gateway(`${sessionId}-2`);
      isThere(second);
      await second.claim(sessionId, { connectionNo: 2, seenEgressSeq: first.seenEgressSeq, isResuming: true }, sessionId);
      await sayInRealTime(second, [loudTone(400), silence(1200)]);
      await second.until(() => second.events().some(({ type }) => type === 'turn'));
      const heard = [...first.events(), ...second.events()].filter((event) => event.type === 'transcript' && event.role === 'caller' && event.final);
      assert.equal(heard.length, 1, JSON.stringify(heard));
    });
  }

  test('a session is not forgotten before it is stored, however long Redis is away', async () => {
    await fixture.startWorker('keeper', { RECONNECT_GRACE_MS: '50' });
    const gateway = await fixture.caller('unstored');
    await gateway.claim('unstored', { listening: false }, 'keeper');
    await fixture.bounceRedis(async () => {
      gateway.text('remember this');
      await gateway.until(() => gateway.events().length === 1);
      gateway.control(ENVELOPE_TYPE.gone);
      await sleep(2500);
    });
    await gateway.until(() => gateway.received.some(({ type }) => type === ENVELOPE_TYPE.released));
    while (!(await fixture.store.ping())) await sleep(50);
    const items = await fixture.store.items('unstored');
    assert.deepEqual(items.map((item) => 'text' in item && item.text), ['remember this', 'You said: remember this.']);
  });
});

/** A caller who says nothing is asked for after a while. */
function isThere({ bus, id }: GatewayFixture): void {
  const reply: ConnectionCheckReply = { isConnected: true };
  bus.subscribe(checkSubject(id), (check) => check.respond(pack(reply)));
}

function speechOf(gateway: GatewayFixture): Buffer {
  return Buffer.concat(gateway.received.filter(({ type }) => type === ENVELOPE_TYPE.speech).map(({ payload }) => payload));
}

async function heard(gateway: GatewayFixture, ms: number): Promise<void> {
  await gateway.until(() => audioMs(DEFAULT_AUDIO_FORMAT, speechOf(gateway).length) >= ms);
}

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkSubject } from '../shared/bus/subjects.ts';
import type { ConnectionCheck, ConnectionCheckReply } from '../shared/protocol/claim.ts';
import { ENVELOPE_FLAG, ENVELOPE_TYPE, holeFlags, turnOfFlags, type Envelope } from '../shared/protocol/envelope.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import { agentConfig, type GatewayFixture } from './gateway-fixture.ts';
import { frames, silence } from './speech/conformance/recordings.ts';
import { WorkerFixture } from './worker-fixture.ts';

const LIMIT = { timeout: 200_000 };
const GREETING = 'This greeting goes on for quite a while. It has two sentences.';
/** Is still being said when whoever was away is back, also on a slow machine. */
const LONG_GREETING = `${GREETING} ${GREETING} ${GREETING} ${GREETING}`;

describe('what a worker and a gateway send each other arrives', LIMIT, () => {
  let fixture: WorkerFixture;

  before(async () => {
    fixture = await WorkerFixture.start();
    await fixture.startWorker('worker-a');
  });

  after(async () => fixture.stop());

  test('a caller who comes back elsewhere gets what it missed once and in order, then what is new', async () => {
    const first = await fixture.caller('resumed', agentConfig({ greeting: LONG_GREETING }));
    await first.claim('resumed');
    await first.until(() => speechOf(first).length >= 4);
    const seen = speechOf(first)[1]?.seq ?? 0;
    await fixture.lose(first);
    const second = await fixture.gateway('gateway-resumed-2');
    const attached = await second.claim('resumed', { connectionNo: 2, seenEgressSeq: seen, isResuming: true }, 'worker-a');
    const last = speechOf(first).find(({ seq }) => seq === seen);
    assert.deepEqual(attached.ok && attached.delivered, { turn: turnOfFlags(last?.flags ?? 0), mediaMs: (last?.mediaMs ?? 0) + 100 });
    await second.until(() => speechOf(second).some((envelope) => !isReplayed(envelope)));
    const seqs = second.said().map(({ seq }) => seq);
    assert.deepEqual(seqs, seqs.map((_, i) => seen + 1 + i));
    const live = second.said().findIndex((envelope) => !isReplayed(envelope));
    assert.ok(live > 0 && second.said().slice(live).every((envelope) => !isReplayed(envelope)), 'live output comes behind what was missed');
    assert.equal(second.said().filter(isGap).length, 0);
  });

  test('what went to a connection that was cut unnoticed is heard on the next, although the one that was cut names it in a claim', async () => {
    const cut = await fixture.caller('cut');
    await cut.claim('cut', { listening: false });
    for (const words of ['one', 'two', 'three']) cut.text(words);
    await cut.until(() => cut.events().length === 3);
    await cut.claim('cut', { listening: false, seenEgressSeq: 3, isResuming: true }, 'worker-a');
    const next = await fixture.gateway('gateway-cut-2');
    await next.claim('cut', { listening: false, connectionNo: 2, seenEgressSeq: 1, isResuming: true }, 'worker-a');
    await next.until(() => next.events().length === 2);
    assert.deepEqual(next.said().map((envelope) => [envelope.seq, isGap(envelope)]), [[2, false], [3, false]]);
  });

  test('a caller who comes back without a number hears only what is new', async () => {
    const first = await fixture.caller('returned');
    await first.claim('returned', { listening: false });
    first.text('one');
    await first.until(() => first.events().length === 1);
    const second = await fixture.gateway('gateway-returned-2');
    await second.claim('returned', { listening: false, connectionNo: 2 }, 'worker-a');
    second.text('two');
    await second.until(() => second.events().length > 0);
    assert.deepEqual(second.said().map((envelope) => [envelope.seq, isGap(envelope)]), [[2, true]]);
    second.control(ENVELOPE_TYPE.again, 0);
    await second.until(() => second.events().length > 1);
    assert.deepEqual(second.said().map(({ seq }) => seq), [2, 2], 'what was said to the old connection stays there');
  });

  test('numbers that the caller has from an owner in between are not used again', async () => {
    const first = await fixture.caller('ahead');
    await first.claim('ahead', { listening: false });
    first.text('one');
    await first.until(() => first.events().length === 1);
    const second = await fixture.gateway('gateway-ahead-2');
    await second.claim('ahead', { listening: false, connectionNo: 2, seenEgressSeq: 9, isResuming: true }, 'worker-a');
    second.text('two');
    await second.until(() => second.events().length === 1);
    second.control(ENVELOPE_TYPE.received, 15);
    second.text('three');
    await second.until(() => second.events().length === 2);
    assert.deepEqual(second.said().map((envelope) => [envelope.seq, isGap(envelope)]), [[10, false], [16, true]]);
  });

  test('an older connection that comes late is refused and changes nothing', async () => {
    const gateway = await fixture.caller('older');
    await gateway.claim('older', { listening: false, connectionNo: 5 });
    const late = await fixture.gateway('gateway-older-2');
    assert.deepEqual(await late.claim('older', { connectionNo: 4 }, 'worker-a'), { ok: false, reason: 'replaced' });
    gateway.text('still here?');
    await gateway.until(() => gateway.events().length === 1);
    assert.equal(late.received.length, 0);
    assert.equal((await late.claim('older', { connectionNo: 6 }, 'worker-a')).ok, true);
  });

  test('what a gateway asks for again is sent again from there, and says where it begins too late', async () => {
    const gateway = await fixture.caller('again');
    await gateway.claim('again', { listening: false });
    for (let i = 0; i < 6; i++) gateway.text(`text ${i}`);
    await gateway.until(() => gateway.events().length === 6);
    gateway.control(ENVELOPE_TYPE.again, 3);
    await gateway.until(() => gateway.events().length === 9);
    assert.deepEqual(gateway.said().slice(6).map((envelope) => [envelope.seq, isReplayed(envelope), isGap(envelope)]), [[4, true, false], [5, true, false], [6, true, false]]);
    gateway.control(ENVELOPE_TYPE.received, 4);
    gateway.control(ENVELOPE_TYPE.again, 3);
    await gateway.until(() => gateway.events().length === 11);
    assert.deepEqual(gateway.said().slice(9).map((envelope) => [envelope.seq, isGap(envelope)]), [[5, true], [6, false]]);
    gateway.text('one more');
    await gateway.until(() => gateway.events().length === 12);
    assert.deepEqual(gateway.said().slice(11).map((envelope) => [envelope.seq, isReplayed(envelope), isGap(envelope)]), [[7, false, false]]);
  });

  test('a hole in the caller’s numbers is asked for; what is meant is let pass', async () => {
    const gateway = await fixture.caller('holes');
    await gateway.claim('holes', { listening: false });
    gateway.text('one');
    for (const seq of [3, 4]) gateway.text(`number ${seq}`, 'normal', { seq });
    await gateway.until(() => resends(gateway).length > 0);
    for (const seq of [2, 3, 4]) gateway.text(`number ${seq}`, 'normal', { seq, flags: ENVELOPE_FLAG.replayed });
    gateway.text('number 9', 'normal', { seq: 9, flags: holeFlags(4) });
    await gateway.until(() => gateway.events().length === 5);
    assert.deepEqual(answers(gateway), ['You said: one.', 'You said: number 2.', 'You said: number 3.', 'You said: number 4.', 'You said: number 9.']);
    // Where that takes long it is asked for again; nothing else is.
    assert.deepEqual(new Set(resends(gateway)), new Set([1]));
  });

  test('a gateway that missed the end of a session, and still speaks to it, is told again', async () => {
    const gateway = await fixture.caller('farewell');
    await gateway.claim('farewell', { listening: false });
    const endings = (): number => gateway.received.filter(({ type }) => type === ENVELOPE_TYPE.ended).length;
    gateway.text('goodbye');
    await gateway.until(() => endings() === 1);
    const speaking = setInterval(() => gateway.control(ENVELOPE_TYPE.played), 50);
    await gateway.until(() => endings() >= 2);
    clearInterval(speaking);
  });

  test('what is said while the bus is away, and what is lost with it, arrives once it is back', async () => {
    const gateway = await fixture.caller('bounced', agentConfig({ greeting: LONG_GREETING }));
    await gateway.claim('bounced');
    await gateway.until(() => speechOf(gateway).length >= 3);
    const before = gateway.seenEgressSeq;
    gateway.control(ENVELOPE_TYPE.received, before - 1);
    await fixture.bounceNats(() => gateway.until(() => !gateway.bus.connected));
    await gateway.until(() => gateway.bus.connected);
    // Heard by a worker that is back already; one that comes later sends by itself.
    gateway.control(ENVELOPE_TYPE.again, before);
    await gateway.until(() => speechOf(gateway).some((envelope) => envelope.seq > before + 12));
    const seqs = [...new Set(gateway.said().map(({ seq }) => seq))].sort((one, other) => one - other);
    assert.deepEqual(seqs, seqs.map((_, i) => i + 1), 'nothing is missing');
  });

  test('a caller who comes back for more than is kept is told, and hears what is', async () => {
    await fixture.startWorker('worker-forgetful', { REPLAY_MS: '1000' });
    const first = await fixture.caller('forgotten', agentConfig({ greeting: GREETING }));
    await first.claim('forgotten', {}, 'worker-forgetful');
    await first.until(() => speechOf(first).some(({ mediaMs }) => mediaMs > 2000));
    await fixture.lose(first);
    const second = await fixture.gateway('gateway-forgotten-2');
    await second.claim('forgotten', { connectionNo: 2, seenEgressSeq: 1, isResuming: true }, 'worker-forgetful');
    await second.until(() => second.events().some((event) => event.type === 'error' && event.code === 'shed'));
    assert.equal(isGap(second.said()[0] ?? assert.fail()), true);
  });
});

describe('the last message of a run, which leaves no hole where the bus loses it', LIMIT, () => {
  let fixture: WorkerFixture;

  before(async () => {
    fixture = await WorkerFixture.start();
    await fixture.startWorker('worker-a', { LEASE_MS: '1000' });
  });

  after(async () => fixture.stop());

  test('is asked for when the gateway has sent more than came, and told of when the caller may not have it', async () => {
    const gateway = await fixture.caller('tails');
    const checks: ConnectionCheck[] = [];
    gateway.bus.subscribe(checkSubject(gateway.id), (message) => {
      const check = unpack<ConnectionCheck>(message.data);
      if (check !== undefined) checks.push(check);
      message.respond(pack({ isConnected: true, sentIngressSeq: 2 } satisfies ConnectionCheckReply));
      gateway.control(ENVELOPE_TYPE.played);
    });
    await gateway.claim('tails', { listening: false });
    gateway.text('one');
    await gateway.until(() => resends(gateway).length > 0);
    assert.equal(resends(gateway)[0], 1);
    await gateway.until(() => checks.some(({ egressSeq }) => egressSeq === 1));
    gateway.control(ENVELOPE_TYPE.received, 1);
    gateway.text('two', 'normal', { seq: 2 });
    await gateway.until(() => gateway.events().length === 2);
  });
});

describe('audio that is sent again', LIMIT, () => {
  let fixture: WorkerFixture;

  before(async () => {
    fixture = await WorkerFixture.start();
    await fixture.startWorker('worker-a', { FRAME_DEADLINE_MS: '100', QUEUE_SIZE: '50' });
  });

  after(async () => fixture.stop());

  test('half a minute at once is heard as it would have been live, shed by nothing, and holds up nobody who is live', async () => {
    const [late, live] = await Promise.all([fixture.caller('late'), fixture.caller('live')]);
    await Promise.all([late.claim('late'), live.claim('live', { listening: false })]);
    const utterances = Array.from({ length: 15 }, (_, i) => 500 + 100 * (i % 5));
    for (const ms of utterances) for (const frame of [...frames(tone(ms)), ...frames(silence(2000 - ms))]) sendAgain(late, frame);
    late.text('that was all', 'normal', { flags: ENVELOPE_FLAG.replayed });
    live.text('quick one', 'bulk');
    let lateBefore = -1;
    const noted = live.until(() => live.events().length > 0).then(() => { lateBefore = late.events().filter(({ type }) => type === 'text').length; });
    await late.until(() => answers(late).length === 1);
    await noted;
    assert.equal(lateBefore, 0, 'the live caller had its answer while the other was still heard');
    await late.until(() => late.events().filter((event) => event.type === 'transcript' && event.role === 'caller' && event.final).length === utterances.length);
    const heard = late.events().flatMap((event) => (event.type === 'transcript' && event.role === 'caller' && event.final ? [event.text] : []));
    assert.deepEqual(heard, utterances.map((ms) => `utterance of ${ms} ms`));
    assert.deepEqual(late.events().filter(({ type }) => type === 'error'), []);
  });
});

function sendAgain(gateway: GatewayFixture, frame: Int16Array): void {
  gateway.send(ENVELOPE_TYPE.audio, new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength), 'normal', { flags: ENVELOPE_FLAG.replayed });
}

function speechOf(gateway: GatewayFixture): Envelope[] {
  return gateway.said().filter(({ type }) => type === ENVELOPE_TYPE.speech);
}

function answers(gateway: GatewayFixture): string[] {
  return gateway.events().flatMap((event) => (event.type === 'text' ? [event.content] : []));
}

function resends(gateway: GatewayFixture): number[] {
  return gateway.received.filter(({ type }) => type === ENVELOPE_TYPE.resend).map(({ seq }) => seq);
}

function isReplayed({ flags }: Envelope): boolean {
  return (flags & ENVELOPE_FLAG.replayed) !== 0;
}

function isGap({ flags }: Envelope): boolean {
  return (flags & ENVELOPE_FLAG.gap) !== 0;
}

/** A tone that any energy detector takes for speech. */
function tone(ms: number): Int16Array {
  return Int16Array.from({ length: ms * 16 }, (_, i) => Math.round(12_000 * Math.sin((2 * Math.PI * 300 * i) / 16_000)));
}

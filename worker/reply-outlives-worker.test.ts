import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AgentEvent } from '../shared/protocol/agent-event.ts';
import { audioMs, DEFAULT_AUDIO_FORMAT } from '../shared/protocol/audio-format.ts';
import type { Delivered } from '../shared/protocol/claim.ts';
import { ENVELOPE_FLAG, ENVELOPE_TYPE, turnOfFlags } from '../shared/protocol/envelope.ts';
import { pack } from '../shared/protocol/structured.ts';
import { agentConfig, type GatewayFixture } from './gateway-fixture.ts';
import { frames, silence } from './speech/conformance/recordings.ts';
import { scriptedSpeech } from './speech/scripted/synthesizer.ts';
import { WorkerFixture } from './worker-fixture.ts';

const LIMIT = { timeout: 200_000 };
const SENTENCES = ['This is a story of two workers.', 'One of them died in the midst of it.', 'The other one went on.'];
const STORY = SENTENCES.join(' ');
const WHOLE = Buffer.concat(SENTENCES.map((text) => Buffer.from(scriptedSpeech(text).buffer)));

describe('a reply outlives the process that speaks it', LIMIT, () => {
  let fixture: WorkerFixture;

  before(async () => {
    fixture = await WorkerFixture.start();
    await fixture.startWorker('heir');
  });

  after(async () => fixture.stop());

  test('a greeting whose worker is killed is heard whole, sample for sample, and told once', async () => {
    const doomed = await fixture.startWorker('doomed-greeter');
    const gateway = await fixture.caller('greeted', agentConfig({ greeting: STORY }));
    await gateway.claim('greeted', {}, 'doomed-greeter');
    await heard(gateway, 1500);
    await doomed.kill('SIGKILL');
    await takenOver(gateway, 'greeted');
    assert.ok((await wholeOf(gateway)).equals(WHOLE));
    assert.deepEqual(transcripts(gateway), SENTENCES);
  });

  test('an answer whose worker is killed before it is complete is gone on with by the next one\'s responder', async () => {
    const doomed = await fixture.startWorker('doomed-answerer', { SCRIPTED_TOKEN_MS: 'constant:150' });
    const gateway = await fixture.caller('answered', agentConfig({ instructions: `script:${JSON.stringify([STORY])}` }));
    await gateway.claim('answered', {}, 'doomed-answerer');
    await say(gateway);
    await heard(gateway, 1000);
    assert.ok(!(await fixture.store.items('answered')).some(({ kind }) => kind === 'reply'), 'the answer is under way');
    await doomed.kill('SIGKILL');
    await takenOver(gateway, 'answered');
    assert.ok((await wholeOf(gateway)).equals(WHOLE));
    assert.deepEqual(transcripts(gateway), SENTENCES);
    await until(async () => (await fixture.store.items('answered')).some((item) => item.kind === 'agent' && item.text === STORY));
  });

  test('a reply whose worker is stopped in order goes on elsewhere where the caller has it', async () => {
    const leaving = await fixture.startWorker('leaving', { HANDOFF_AFTER_MS: '100' });
    const gateway = await fixture.caller('handed-on', agentConfig({ greeting: STORY }));
    await gateway.claim('handed-on', {}, 'leaving');
    await heard(gateway, 800);
    const stopped = leaving.stop();
    await gateway.until(() => gateway.received.some(({ type }) => type === ENVELOPE_TYPE.released));
    await gateway.claim('handed-on', { seenEgressSeq: gateway.seenEgressSeq, ...deliveredTo(gateway) }, 'heir');
    assert.ok((await wholeOf(gateway)).equals(WHOLE));
    assert.deepEqual(transcripts(gateway), SENTENCES);
    assert.equal((await stopped).code, 0);
  });

  test('a text that was answered but not stored is known to the next owner and not answered again; answers say of which text they are', async () => {
    const gateway = await fixture.caller('written');
    await gateway.claim('written', { listening: false }, 'heir');
    const flags = ENVELOPE_FLAG.replayed | ENVELOPE_FLAG.answered;
    gateway.send(ENVELOPE_TYPE.text, pack({ content: 'one', answer: 'One it is.' }), 'normal', { flags });
    gateway.text('two');
    await gateway.until(() => gateway.received.some(({ type, seq }) => type === ENVELOPE_TYPE.ack && seq === 2));
    assert.deepEqual(gateway.events(), [{ type: 'text', content: 'You said: two.', re: 2 }]);
    const items = await fixture.store.items('written');
    assert.deepEqual(items.map((item) => 'text' in item && item.text), ['one', 'One it is.', 'two', 'You said: two.']);
  });

  test('what was stored behind something open comes again and is neither answered nor stored twice', async () => {
    const doomed = await fixture.startWorker('doomed-writer');
    const gateway = await fixture.caller('doubled');
    await gateway.claim('doubled', {}, 'doomed-writer');
    const tone = toneFrames(400);
    for (const frame of tone) gateway.send(ENVELOPE_TYPE.audio, frame);
    const seq = gateway.text('while speaking');
    const isAnswer = (event: AgentEvent): boolean => event.type === 'text';
    await gateway.until(() => gateway.events().some(isAnswer));
    await until(async () => (await fixture.store.items('doubled')).length === 2);
    await doomed.kill('SIGKILL');
    await takenOver(gateway, 'doubled');
    assert.equal(gateway.claimed.committedIngressSeq, 0, 'the turn that was open before it holds it back');
    for (const [at, frame] of tone.entries()) gateway.send(ENVELOPE_TYPE.audio, frame, 'normal', { seq: at + 1, flags: ENVELOPE_FLAG.replayed });
    gateway.text('while speaking', 'normal', { seq, flags: ENVELOPE_FLAG.replayed });
    await gateway.until(() => gateway.events().filter(isAnswer).length === 2);
    assert.deepEqual(gateway.events().filter(isAnswer), [0, 1].map(() => ({ type: 'text', content: 'You said: while speaking.', re: seq })));
    assert.equal((await fixture.store.items('doubled')).filter(({ turn }) => turn === 0).length, 2, 'the same answer, from the store');
  });

  /** The dead worker's session is claimed by the heir, as the gateway does it. */
  async function takenOver(gateway: GatewayFixture, sessionId: string): Promise<void> {
    await gateway.untilSilent();
    const { workerId, fence } = gateway.claimed;
    const changes = { seenEgressSeq: gateway.seenEgressSeq, seenFence: fence, ...deliveredTo(gateway), lost: { workerId, fence } };
    const reply = await gateway.claim(sessionId, changes, 'heir');
    assert.ok(reply.ok);
  }
});

function speechOf(gateway: GatewayFixture): Buffer {
  return Buffer.concat(gateway.received.filter(({ type }) => type === ENVELOPE_TYPE.speech).map(({ payload }) => payload));
}

function transcripts(gateway: GatewayFixture): string[] {
  return gateway.events().flatMap((event) => (event.type === 'transcript' && event.role === 'agent' ? [event.text] : []));
}

/** How far the caller has the newest reply, as a gateway says it; nothing where it has nothing. */
function deliveredTo(gateway: GatewayFixture): { delivered?: Delivered } {
  const last = gateway.received.findLast(({ type }) => type === ENVELOPE_TYPE.speech);
  if (last === undefined) return {};
  return { delivered: { turn: turnOfFlags(last.flags), mediaMs: last.mediaMs + audioMs(DEFAULT_AUDIO_FORMAT, last.payload.length) } };
}

async function heard(gateway: GatewayFixture, ms: number): Promise<void> {
  await gateway.until(() => audioMs(DEFAULT_AUDIO_FORMAT, speechOf(gateway).length) >= ms);
}

/** Everything the agent said, once that is at least as long as the story. */
async function wholeOf(gateway: GatewayFixture): Promise<Buffer> {
  return gateway.until(() => {
    const speech = speechOf(gateway);
    return speech.length >= WHOLE.length && speech;
  });
}

/** The caller says something, at the pace of a microphone. */
async function say(gateway: GatewayFixture): Promise<void> {
  const startedMs = performance.now();
  for (const [at, frame] of [...bytesOf(silence(200)), ...toneFrames(600), ...bytesOf(silence(1200))].entries()) {
    gateway.send(ENVELOPE_TYPE.audio, frame);
    const aheadMs = at * 20 - (performance.now() - startedMs);
    if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
  }
}

/** A tone that any energy detector takes for speech, in 20 ms frames. */
function toneFrames(ms: number): Uint8Array[] {
  return bytesOf(Int16Array.from({ length: ms * 16 }, (_, i) => Math.round(12_000 * Math.sin((2 * Math.PI * 300 * i) / 16_000))));
}

function bytesOf(samples: Int16Array): Uint8Array[] {
  return [...frames(samples)].map((frame) => new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength));
}

/** Asks again and again; the test's own time limit is the limit. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}

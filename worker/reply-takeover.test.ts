import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { AgentEvent } from '../shared/protocol/agent-event.ts';
import { audioBytes, audioMs, DEFAULT_AUDIO_FORMAT } from '../shared/protocol/audio-format.ts';
import type { Delivered } from '../shared/protocol/claim.ts';
import type { ConversationItem } from '../shared/session/record.ts';
import { ConversationFixture } from './conversation-fixture.ts';
import { agentConfig, sessionConfig } from './gateway-fixture.ts';
import { Speaker } from './speaker.ts';
import { readScriptedSettings, ScriptedCalls } from './speech/scripted/script.ts';
import { ScriptedResponder } from './speech/scripted/responder.ts';
import { scriptedSpeech, ScriptedSynthesizer } from './speech/scripted/synthesizer.ts';
import { TurnPlaces } from './turn-places.ts';
import { TurnPool } from './turn-pool.ts';
import { TurnRunner } from './turn-runner.ts';
import { goingOn } from './turn/reply-continuation.ts';

const LIMIT = { timeout: 200_000 };
const FORMAT = DEFAULT_AUDIO_FORMAT;
const SENTENCES = ['One is not much.', 'Two are more than that.', 'Three are a crowd.', 'Four make a fine game of cards.'];
const REPLY = SENTENCES.join(' ');
const WHOLE = Buffer.concat(SENTENCES.map((text) => pcm(scriptedSpeech(text))));

function pcm(samples: Int16Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}

/** One worker's part of a call in which the agent answers one question at length. */
class Part {
  readonly told: AgentEvent[] = [];
  readonly runner: TurnRunner;
  hungUp = false;
  readonly #fixture: ConversationFixture;
  readonly #audio: Buffer[] = [];
  #changed: () => void = () => undefined;

  constructor(fixture: ConversationFixture, scripted: Record<string, string> = {}) {
    this.#fixture = fixture;
    const settings = readScriptedSettings(scripted);
    const responder = new ScriptedResponder(settings, new ScriptedCalls(settings, 'responder'));
    const synthesizer = new ScriptedSynthesizer(settings, new ScriptedCalls(settings, 'synthesizer'));
    const speaker = new Speaker({
      synthesizer: async () => synthesizer, voice: undefined, language: 'en-US', format: FORMAT, leadMs: 300, engineDeadlineMs: 10_000,
      beforeSentence: () => this.runner.recorded(),
      send: (payload) => this.#heard(Buffer.from(payload)),
      listener: {
        onSentence: (sentence) => this.runner.sentenceStarted(sentence),
        onFirstAudio: (turn) => this.runner.firstAudio(turn),
        onPlayedOut: (turn) => this.runner.dispatch({ type: 'played_out', turn }),
        onFailure: (_turn, error) => assert.fail(String(error)),
      },
    });
    this.runner = new TurnRunner({
      session: sessionConfig('session', agentConfig({ instructions: `script:${JSON.stringify([REPLY])}` })),
      turnConfig: { endpointSilenceMs: 500, turnLimitMs: 60_000 }, engineDeadlineMs: 10_000, places: new TurnPlaces(new TurnPool(1), { recognizer: true, responder: true }),
      conversation: fixture.conversation, speaker, hearing: () => undefined, audioSilentMs: () => Infinity, responder: async () => responder,
      fleet: () => ({ workers: 1, slotsUsed: 1, slotsTotal: 1 }),
      listener: {
        tell: (event) => this.told.push(event),
        onCommitted: () => undefined,
        onHangUp: () => {
          this.hungUp = true;
        },
        onCrash: (error) => assert.fail(String(error)),
      },
    });
  }

  get audio(): Buffer {
    return Buffer.concat(this.#audio);
  }

  get transcripts(): string[] {
    return this.told.flatMap((event) => (event.type === 'transcript' ? [event.text] : []));
  }

  /** Begins with what the worker before this one left. */
  goOn(delivered?: Delivered): void {
    const first = goingOn(this.#fixture.conversation.standing, delivered, undefined);
    if (first !== undefined) this.runner.dispatch(first);
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => {
      this.#changed = resolve;
      setTimeout(resolve, 20);
    });
  }

  /** Dies with so much said; how far the caller has the reply. */
  async diesAt(mediaMs: number): Promise<Delivered> {
    await this.until(() => audioMs(FORMAT, this.audio.length) >= mediaMs);
    this.runner.close();
    return { turn: 1, mediaMs: audioMs(FORMAT, this.audio.length) };
  }

  #heard(payload: Buffer): number {
    this.#audio.push(payload);
    this.#changed();
    return this.#audio.length;
  }
}

describe('a reply whose worker dies', LIMIT, () => {
  let first: ConversationFixture;
  const parts: Part[] = [];

  beforeEach(async () => {
    first = await ConversationFixture.start();
    first.conversation.remember({ role: 'caller', text: 'Count for me.' });
    await first.conversation.commit([{ kind: 'caller', turn: 1, text: 'Count for me.', atMs: 0 }]);
  });

  afterEach(async () => {
    for (const part of parts.splice(0)) part.runner.close();
    await first.stop();
  });

  /** A worker that takes the session from the one before. */
  async function takeOver(from: ConversationFixture, scripted?: Record<string, string>): Promise<{ fixture: ConversationFixture; part: Part }> {
    const fixture = await from.takenOver();
    const part = new Part(fixture, scripted);
    parts.push(part);
    return { fixture, part };
  }

  /** The worker that answers the question. */
  async function answering(scripted?: Record<string, string>): Promise<{ one: Part; asked: ConversationFixture }> {
    const { part, fixture } = await takeOver(first, scripted);
    part.goOn();
    return { one: part, asked: fixture };
  }

  const agentItem = (items: readonly ConversationItem[]): unknown => items.filter(({ kind }) => kind === 'agent').map((item) => 'text' in item && item.text);

  test('is heard whole, sample for sample, through three workers, and each sentence is told once', async () => {
    // Slow enough that the responder is in the middle of its answer when the first worker dies.
    const slow = { SCRIPTED_TOKEN_MS: 'constant:90' };
    const { one, asked } = await answering(slow);
    let delivered = await one.diesAt(1100);
    const { fixture, part: two } = await takeOver(asked, slow);
    two.goOn(delivered);
    const { mediaMs } = await two.diesAt(900);
    delivered = { turn: 1, mediaMs: delivered.mediaMs + mediaMs };
    const { fixture: last, part: three } = await takeOver(fixture, slow);
    three.goOn(delivered);
    await three.until(() => three.runner.state.phase === 'listening');
    const audio = Buffer.concat([one.audio, two.audio, three.audio]);
    assert.equal(audio.length, WHOLE.length);
    assert.ok(audio.equals(WHOLE));
    assert.deepEqual([...one.transcripts, ...two.transcripts, ...three.transcripts], SENTENCES);
    await last.conversation.settled(20_000);
    const items = await last.items();
    assert.deepEqual(agentItem(items), [REPLY]);
    assert.deepEqual(items.filter(({ kind }) => kind === 'sentence').map((item) => 'text' in item && item.text), SENTENCES, 'each is stored once');
    assert.deepEqual(last.conversation.history.at(-1), { role: 'agent', text: REPLY });
  });

  test('is made again where nothing of it was delivered, and heard once', async () => {
    const { one, asked } = await answering({ SCRIPTED_FIRST_SPEECH_MS: 'constant:5000' });
    await one.until(() => one.runner.state.phase === 'speaking');
    one.runner.close();
    const { part: two } = await takeOver(asked);
    two.goOn();
    await two.until(() => two.audio.length >= WHOLE.length);
    assert.ok(two.audio.equals(WHOLE));
    assert.deepEqual(two.transcripts, SENTENCES);
  });

  test('that was delivered to its end says nothing more and is stored', async () => {
    const { one, asked } = await answering();
    const delivered = await one.diesAt(audioMs(FORMAT, WHOLE.length));
    const { fixture, part: two } = await takeOver(asked);
    two.goOn(delivered);
    assert.equal(two.runner.state.phase, 'speaking');
    await two.until(() => two.runner.state.phase === 'listening');
    assert.equal(two.audio.length, 0);
    await fixture.conversation.settled(20_000);
    assert.deepEqual(agentItem(await fixture.items()), [REPLY]);
    assert.deepEqual(two.transcripts, []);
    const { fixture: third } = await takeOver(fixture);
    assert.equal(third.conversation.standing.unfinished, undefined, 'it is over for whoever comes next');
  });

  test('and is interrupted under the next worker was heard as far as both said it', async () => {
    const { one, asked } = await answering();
    const delivered = await one.diesAt(1000);
    const { fixture, part: two } = await takeOver(asked);
    two.goOn(delivered);
    await two.until(() => two.audio.length >= audioBytes(FORMAT, 600));
    two.runner.dispatch({ type: 'speech_started', atMs: 0 });
    assert.equal(two.told.some(({ type }) => type === 'clear'), true);
    await fixture.conversation.settled(20_000);
    const [heard] = agentItem(await fixture.items()) as [string];
    assert.ok(heard.startsWith(`${SENTENCES[0]} Two`) && heard.length < `${SENTENCES[0]} ${SENTENCES[1]}`.length, heard);
  });

  test('ends the call where it was to', async () => {
    first.conversation.remember({ role: 'caller', text: 'goodbye' });
    await first.conversation.commit([{ kind: 'caller', turn: 2, text: 'goodbye', atMs: 0 }]);
    const { one, asked } = await answering();
    await one.until(() => one.audio.length > 0);
    await one.until(() => one.runner.state.phase === 'speaking' && one.runner.state.reply === 'hang_up');
    await one.runner.recorded();
    const delivered = { ...(await one.diesAt(400)), turn: 2 };
    const { part: two } = await takeOver(asked);
    two.goOn(delivered);
    await two.until(() => two.hungUp);
    assert.ok(Buffer.concat([one.audio, two.audio]).equals(pcm(scriptedSpeech('You said: goodbye.'))));
  });

  test('was stored before it was heard, unless Redis is away', async () => {
    const { one } = await answering();
    await one.until(() => one.audio.length > 0);
    assert.ok((await first.items()).some(({ kind }) => kind === 'sentence'));
    await first.server.kill('SIGSTOP');
    await one.until(() => one.transcripts.length === SENTENCES.length);
    await first.server.kill('SIGCONT');
  });
});

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_AUDIO_FORMAT } from '../shared/protocol/audio-format.ts';
import { ConversationFixture } from './conversation-fixture.ts';
import { agentConfig, sessionConfig } from './gateway-fixture.ts';
import { Hearing } from './hearing.ts';
import { Speaker } from './speaker.ts';
import { EngineError, type FinalTranscript, type Recognizer, type VoiceActivity } from './speech/ports.ts';
import { readScriptedSettings, ScriptedCalls } from './speech/scripted/script.ts';
import { ScriptedResponder } from './speech/scripted/responder.ts';
import { ScriptedSynthesizer } from './speech/scripted/synthesizer.ts';
import { TurnPlaces } from './turn-places.ts';
import { TurnPool } from './turn-pool.ts';
import { TurnRunner } from './turn-runner.ts';

const LIMIT = { timeout: 200_000 };
const NOTHING: FinalTranscript = { outcome: 'nothing' };
const words = (text: string): FinalTranscript => ({ outcome: 'words', text });

/** Says nothing: speech is told by hand. */
const SILENT_VOICE_ACTIVITY: VoiceActivity = {
  name: 'silent',
  open: () => ({ push: () => undefined, close: () => undefined }),
  close: async () => undefined,
};

/** One session's turns, whose speech and finals the test decides; every turn is one frame of audio, its seq the turn's number. */
class Call {
  readonly committed: number[] = [];
  readonly told: string[] = [];
  readonly finals: { resolve(transcript: FinalTranscript): void; reject(error: Error): void }[] = [];
  readonly pool = new TurnPool(4);
  asked = 0;
  readonly runner: TurnRunner;
  readonly #fixture: ConversationFixture;
  #hearing: Hearing | undefined;
  #seq = 0;

  constructor(fixture: ConversationFixture, turnLimitMs = 60_000) {
    this.#fixture = fixture;
    const { conversation, ledger } = fixture;
    const settings = readScriptedSettings({});
    const responder = new ScriptedResponder(settings, new ScriptedCalls(settings, 'responder'));
    const synthesizer = new ScriptedSynthesizer(settings, new ScriptedCalls(settings, 'synthesizer'));
    const speaker = new Speaker({
      synthesizer: async () => synthesizer, voice: undefined, language: 'en-US', format: DEFAULT_AUDIO_FORMAT, leadMs: 1000, engineDeadlineMs: 10_000,
      beforeSentence: () => this.runner.recorded(),
      send: () => 0,
      listener: { onSentence: () => undefined, onFirstAudio: () => undefined, onPlayedOut: () => undefined, onFailure: () => undefined },
    });
    this.runner = new TurnRunner({
      session: sessionConfig('session', agentConfig()), turnConfig: { endpointSilenceMs: 500, turnLimitMs },
      engineDeadlineMs: 10_000, places: new TurnPlaces(this.pool, { recognizer: true, responder: true }), conversation, speaker, hearing: () => this.#hearing, audioSilentMs: () => Infinity, responder: async () => {
        this.asked += 1;
        return responder;
      },
      fleet: () => ({ workers: 1, slotsUsed: 1, slotsTotal: 1 }),
      listener: {
        tell: (event) => this.told.push(event.type === 'transcript' ? event.text : event.type),
        onCommitted: (seq) => {
          ledger.audioDone(seq);
          this.committed.push(seq);
        },
        onHangUp: () => undefined,
        onCrash: () => undefined,
      },
    });
  }

  async open(): Promise<void> {
    const recognizer: Recognizer = {
      name: 'by hand',
      warm: () => undefined,
      open: () => {
        const final = new Promise<FinalTranscript>((resolve, reject) => this.finals.push({ resolve, reject }));
        return { push: () => undefined, pause: () => undefined, resume: () => undefined, abort: () => undefined, finish: () => final };
      },
      close: async () => undefined,
    };
    this.#hearing = await Hearing.open({
      format: DEFAULT_AUDIO_FORMAT, bias: { language: 'en-US', phrases: [] },
      voiceActivity: async () => SILENT_VOICE_ACTIVITY, recognizer: async () => recognizer,
      listener: { onFact: () => undefined, onSilence: () => undefined, onPartial: () => undefined, onVoiceActivityFailure: () => undefined },
    });
  }

  /** The caller says something; its final is still to come. */
  speak(): void {
    this.sound();
    this.runner.dispatch({ type: 'speech_started', atMs: 0 });
    this.runner.dispatch({ type: 'speech_ended', atMs: 20 });
    this.runner.dispatch({ type: 'silence', silentMs: 500 });
  }

  /** 20 ms of audio come. */
  sound(): void {
    this.#seq += 1;
    this.#fixture.ledger.audioReceived(this.#seq);
    this.#hearing?.take(this.#seq, new Uint8Array(640), { receivedUs: 0, flushedUs: 0, arrivedUs: 0, takenUs: 0 });
  }

  close(): void {
    this.runner.close();
    this.#hearing?.close();
  }
}

describe('a caller who speaks on before the first turn is understood', LIMIT, () => {
  let fixture: ConversationFixture;
  let call: Call;

  beforeEach(async () => {
    fixture = await ConversationFixture.start();
    call = new Call(fixture);
    await call.open();
    call.speak();
    call.speak();
    await turn();
  });

  afterEach(async () => {
    call.close();
    await fixture.stop();
  });

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await turn();
  }

  test('is stored in the order of speaking, though the later turn is understood first', async () => {
    call.finals[1]?.resolve(words('second'));
    for (let i = 0; i < 20; i++) await turn();
    assert.deepEqual([call.committed, fixture.ledger.committed], [[], 0], 'the later turn covers the audio of the earlier');
    call.finals[0]?.resolve(words('first'));
    await until(() => call.committed.length === 2);
    assert.deepEqual((await fixture.items()).slice(0, 2).map((item) => 'text' in item && item.text), ['first', 'second']);
    assert.deepEqual([call.committed, fixture.ledger.committed], [[1, 2], 2]);
  });

  test('is not taken for silent because the later turn was a cough, or failed, before the earlier is understood', async () => {
    call.finals[1]?.reject(new EngineError('cut', true));
    for (let i = 0; i < 20; i++) await turn();
    assert.equal(fixture.ledger.committed, 0);
    call.finals[0]?.resolve(words('first'));
    await until(() => call.runner.isIngressSettled);
    assert.equal(fixture.ledger.committed, 2);
    assert.deepEqual(call.told.filter((what) => what === 'first' || what === 'error'), ['first', 'error']);
  });

  test('is not taken for stored because a cough came to nothing while Redis is away', async () => {
    await fixture.server.kill('SIGSTOP');
    call.finals[0]?.resolve(words('first'));
    call.finals[1]?.resolve(NOTHING);
    await until(() => call.told.includes('first') && call.runner.state.phase === 'speaking');
    assert.deepEqual([fixture.ledger.committed, call.runner.isIngressSettled], [0, false]);
    await fixture.server.kill('SIGCONT');
    await until(() => call.runner.isIngressSettled);
    assert.equal(fixture.ledger.committed, 2);
  });

  test('is answered once, and every place among the turns being computed is given back', async () => {
    call.finals[0]?.resolve(words('first'));
    call.finals[1]?.resolve(NOTHING);
    await until(() => call.runner.state.phase === 'speaking' && call.pool.computing === 0);
    assert.equal(call.runner.state.turn, 2);
    assert.deepEqual(fixture.conversation.history.map(({ text }) => text), ['first']);
    assert.equal(call.pool.waiting, 0);
  });
});

test('a responder is not asked for a session that was lost while its turn waited to be computed', LIMIT, async (context) => {
  const fixture = await ConversationFixture.start();
  context.after(() => fixture.stop());
  const call = new Call(fixture);
  const places = await Promise.all([1, 2, 3, 4].map(() => call.pool.acquire('normal')));
  call.runner.dispatch({ type: 'unanswered' });
  call.close();
  for (const release of places) release();
  for (let i = 0; i < 20; i++) await turn();
  assert.deepEqual([call.asked, call.pool.computing], [0, 0]);
});

test('a turn is as long as its audio: time in which none could come does not bring its limit nearer', async () => {
  const fixture = await ConversationFixture.start();
  const call = new Call(fixture, 30);
  try {
    await call.open();
    call.sound();
    call.runner.dispatch({ type: 'speech_started', atMs: 0 });
    await sleep(100);
    assert.equal(call.runner.state.phase, 'hearing');
    call.sound();
    const phase = (): string => call.runner.state.phase;
    while (phase() !== 'transcribing') await sleep(5);
  } finally {
    call.close();
    await fixture.stop();
  }
});

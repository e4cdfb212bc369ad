import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { VoxError } from '../shared/runtime/errors.ts';
import { DEFAULT_AUDIO_FORMAT } from '../shared/protocol/audio-format.ts';
import { Hearing, type HearingOptions } from './hearing.ts';
import { frames, joined, silence } from './speech/conformance/recordings.ts';
import { EngineError, type FinalTranscript, type Recognizer, type VoiceActivity, type VoiceActivityListener } from './speech/ports.ts';
import { readScriptedSettings, ScriptedCalls } from './speech/scripted/script.ts';
import { scriptedSpeech } from './speech/scripted/synthesizer.ts';
import { ScriptedVoiceActivity } from './speech/scripted/voice-activity.ts';
import type { SpeechFact } from './turn/speech-gate.ts';

const speech = (ms: number): Int16Array => scriptedSpeech('x'.repeat(100), 0, ms * 16);

/** Keeps what it was given; one entry of `turns` a stream. */
class KeepingRecognizer implements Recognizer {
  readonly name = 'keeping';
  readonly turns: { samples: number[]; calls: string[]; tell: (text: string) => void }[] = [];

  warm(): void {}

  open(...[, listener]: Parameters<Recognizer['open']>): ReturnType<Recognizer['open']> {
    const samples: number[] = [];
    const calls: string[] = [];
    this.turns.push({ samples, calls, tell: (text) => listener.onPartial(text) });
    return {
      push: (more) => samples.push(...more),
      pause: () => calls.push('pause'),
      resume: () => calls.push('resume'),
      finish: async (): Promise<FinalTranscript> => ({ outcome: 'words', text: `${samples.length} samples` }),
      abort: () => calls.push('abort'),
    };
  }

  async close(): Promise<void> {}
}

/** One caller's ear with everything it said; each frame's moments are its seq. */
class Ear {
  readonly recognizer = new KeepingRecognizer();
  readonly facts: (SpeechFact & { readonly frame: number | undefined })[] = [];
  readonly silentUpTo: number[] = [];
  readonly partials: string[] = [];
  readonly failures: unknown[] = [];
  readonly given: number[] = [];
  seq = 0;
  #hearing: Hearing | undefined;

  static async open(engines: Partial<HearingOptions> = {}): Promise<Ear> {
    const ear = new Ear();
    const voiceActivity = new ScriptedVoiceActivity(new ScriptedCalls(readScriptedSettings({}), 'voice_activity'));
    ear.#hearing = await Hearing.open({
      format: DEFAULT_AUDIO_FORMAT, bias: { language: 'en-US', phrases: [] },
      voiceActivity: async () => voiceActivity, recognizer: async () => ear.recognizer,
      listener: {
        onFact: (fact, decidedAt) => ear.facts.push({ ...fact, frame: decidedAt?.seq }),
        onSilence: (seq) => ear.silentUpTo.push(seq),
        onPartial: (no, text) => ear.partials.push(`${no} ${text}`),
        onVoiceActivityFailure: (error) => ear.failures.push(error),
      },
      ...engines,
    });
    return ear;
  }

  get hearing(): Hearing {
    assert.ok(this.#hearing);
    return this.#hearing;
  }

  async hear(...parts: readonly Int16Array[]): Promise<void> {
    for (const frame of frames(joined(...parts))) {
      this.seq += 1;
      const stamps = { receivedUs: this.seq, flushedUs: 0, arrivedUs: 0, takenUs: 0 };
      this.hearing.take(this.seq, new Uint8Array(frame.buffer), stamps);
      this.given.push(...frame);
      await turn();
    }
    await turn();
  }

  types(): string[] {
    return this.facts.map(({ type }) => type).filter((type) => type !== 'silence');
  }
}

test('an utterance is told with its times, and with the frame that made each certain', async () => {
  const ear = await Ear.open();
  await ear.hear(silence(512), speech(640), silence(512));
  const [started, ended, ...after] = ear.facts;
  assert.deepEqual([started?.type, ended?.type, after[0]?.type], ['speech_started', 'speech_ended', 'silence']);
  assert.ok(started?.type === 'speech_started' && ended?.type === 'speech_ended');
  assert.deepEqual([started.atMs, ended.atMs], [512, 1152]);
  assert.equal(started.frame, 31, 'the frame with the last sample of its third window: 608 ms are 31 frames');
  assert.equal(ear.hearing.speechEndStamps?.receivedUs, 58, '1152 ms of audio are 58 frames');
  assert.equal(ear.hearing.newestFrame?.seq, ear.seq);
  ear.hearing.close();
});

test('a recognizer is given a turn from 300 ms before its speech, pauses included, until it is ended', async () => {
  const ear = await Ear.open();
  await ear.hear(silence(640), speech(320));
  ear.hearing.startTurn(1, 640);
  await ear.hear(silence(320), speech(320));
  ear.hearing.endTurn(1, 'clock');
  const end = ear.given.length;
  await ear.hear(silence(100));
  assert.deepEqual(ear.recognizer.turns[0]?.samples, ear.given.slice((640 - 300) * 16, end));
  assert.deepEqual(await ear.hearing.transcribe(1), { outcome: 'words', text: `${end - 340 * 16} samples` });
  await assert.rejects(ear.hearing.transcribe(1), EngineError, 'a turn is understood once');
  ear.hearing.close();
});

test('partials, pauses and resumptions reach the turn they are of; others are nothing', async () => {
  const ear = await Ear.open();
  ear.hearing.startTurn(4, 0);
  ear.recognizer.turns[0]?.tell('hel');
  ear.hearing.pauseTurn(4);
  ear.hearing.resumeTurn(4);
  ear.hearing.pauseTurn(9);
  ear.hearing.endTurn(9, 'clock');
  assert.deepEqual([ear.partials, ear.recognizer.turns[0]?.calls], [['4 hel'], ['pause', 'resume']]);
  ear.hearing.close();
});

test('silence is certain only 600 ms later, and nothing is called silence while the caller speaks', async () => {
  const ear = await Ear.open();
  await ear.hear(silence(1600));
  assert.equal(ear.silentUpTo.at(-1), 50, 'of 1600 ms the first 1000');
  const { length } = ear.silentUpTo;
  await ear.hear(speech(1600));
  assert.ok((ear.silentUpTo.at(-1) ?? 0) < 80, 'speech began at frame 80');
  assert.ok(ear.silentUpTo.length - length <= 2, 'only until it was certain');
  ear.hearing.close();
});

test('speech that goes on after audio stalled is told as new, in the paused turn: no word of it is lost', async () => {
  const ear = await Ear.open();
  await ear.hear(silence(320), speech(640));
  ear.hearing.startTurn(1, 320);
  ear.hearing.pauseTurn(1);
  assert.equal(ear.hearing.speechEndStamps?.receivedUs, ear.seq, 'as far as anyone can tell it ended with the newest frame');
  await ear.hear(speech(640));
  assert.deepEqual(ear.types(), ['speech_started', 'speech_started']);
  assert.equal(ear.recognizer.turns[0]?.samples.length, (1600 - 20) * 16);
  ear.hearing.close();
});

test('speech that goes on after its turn was cut begins the next turn where it was cut', async () => {
  const ear = await Ear.open();
  await ear.hear(speech(960));
  ear.hearing.startTurn(1, 0);
  ear.hearing.endTurn(1, 'clock');
  await ear.hear(speech(320), silence(320));
  assert.deepEqual(ear.types(), ['speech_started', 'speech_started', 'speech_ended']);
  const again = ear.facts[1];
  assert.ok(again?.type === 'speech_started' && again.atMs === 960);
  ear.hearing.startTurn(2, 960);
  ear.hearing.endTurn(2, 'clock');
  assert.deepEqual(ear.recognizer.turns.map(({ samples }) => samples.length / 16), [960, 640], 'each sample is in one turn');
  ear.hearing.close();
});

test('a pause in silence is no reason to look for speech anew: the silence goes on being counted', async () => {
  const ear = await Ear.open();
  await ear.hear(speech(320), silence(224));
  ear.hearing.startTurn(1, 0);
  ear.hearing.pauseTurn(1);
  await ear.hear(silence(320));
  const last = ear.facts.at(-1);
  assert.ok(last?.type === 'silence' && last.silentMs > 500);
  ear.hearing.close();
});

test('half a sample is refused and told why, and harms no other audio', async () => {
  const ear = await Ear.open();
  const stamps = { receivedUs: 0, flushedUs: 0, arrivedUs: 0, takenUs: 0 };
  ear.hearing.startTurn(1, 0);
  assert.throws(() => ear.hearing.take(1, new Uint8Array(3), stamps), (error) => error instanceof VoxError && error.code === 'bad_audio_length');
  await ear.hear(speech(320));
  assert.equal(ear.recognizer.turns[0]?.samples.length, 320 * 16);
  ear.hearing.close();
});

test('a recognizer that could not be made fails each turn with the reason, and speech is still told', async () => {
  const cause = new Error('no such engine');
  const ear = await Ear.open({ recognizer: () => Promise.reject(cause) });
  await ear.hear(speech(320));
  ear.hearing.startTurn(1, 0);
  ear.hearing.endTurn(1, 'clock');
  await assert.rejects(ear.hearing.transcribe(1), (error) => error instanceof EngineError && error.cause === cause);
  assert.deepEqual(ear.types(), ['speech_started']);
  ear.hearing.close();
});

test('without voice activity no ear opens: there would be no turns', async () => {
  const cause = new Error('no such engine');
  await assert.rejects(Ear.open({ voiceActivity: () => Promise.reject(cause) }), cause);
});

test('a voice activity stream that dies in the middle of speech ends it there, and another one goes on at the right time', async () => {
  const streams: VoiceActivityListener[] = [];
  const voiceActivity: VoiceActivity = {
    name: 'by hand',
    open: (listener) => {
      streams.push(listener);
      return { push: () => undefined, close: () => undefined };
    },
    close: async () => undefined,
  };
  const ear = await Ear.open({ voiceActivity: async () => voiceActivity });
  await ear.hear(silence(1920));
  for (const window of [1, 2, 3]) streams[0]?.onWindow(0.9, 512 * window);
  const error = new EngineError('died', true);
  streams[0]?.onFailure(error);
  streams[0]?.onWindow(0.9, 512 * 4);
  for (const window of [1, 2, 3]) streams[1]?.onWindow(0.9, 512 * window);
  assert.deepEqual(ear.failures, [error]);
  assert.deepEqual(ear.facts.map((fact) => [fact.type, 'atMs' in fact && fact.atMs]), [['speech_started', 0], ['speech_ended', 1920], ['speech_started', 1920]]);

  streams[1]?.onFailure(error);
  assert.equal(streams.length, 2, 'one that dies again at once is given a second of rest');
  await ear.hear(silence(980));
  assert.equal(streams.length, 2);
  await ear.hear(silence(40));
  assert.equal(streams.length, 3);
  ear.hearing.close();
});

test('closed, it calls nothing back and its open turns are void', async () => {
  const ear = await Ear.open();
  ear.hearing.startTurn(1, 0);
  ear.hearing.take(1, new Uint8Array(speech(320).buffer), { receivedUs: 0, flushedUs: 0, arrivedUs: 0, takenUs: 0 });
  ear.hearing.close();
  await turn();
  await turn();
  assert.deepEqual([ear.facts, ear.recognizer.turns[0]?.calls], [[], ['abort']]);
});

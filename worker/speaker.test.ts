import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { audioMs, DEFAULT_AUDIO_FORMAT } from '../shared/protocol/audio-format.ts';
import { readScriptedSettings, ScriptedCalls } from './speech/scripted/script.ts';
import { scriptedSpeech, ScriptedSynthesizer } from './speech/scripted/synthesizer.ts';
import type { Synthesizer } from './speech/ports.ts';
import { Speaker } from './speaker.ts';

const LIMIT = { timeout: 20_000 };
const FRAME_BYTES = 640;

interface Sent {
  readonly payload: Uint8Array;
  readonly mediaMs: number;
  readonly isFirst: boolean;
}

/** A speaker with everything that came of it, and a way to wait for more. */
class Stage {
  readonly sent: Sent[] = [];
  readonly happened: string[] = [];
  readonly speaker: Speaker;
  #watchers: (() => void)[] = [];

  constructor(synthesizer: () => Promise<Synthesizer> = scripted(), leadMs = 60_000, beforeSentence = async () => Promise.resolve()) {
    this.speaker = new Speaker({
      synthesizer, leadMs, engineDeadlineMs: 10_000, voice: undefined, language: 'en-US', format: DEFAULT_AUDIO_FORMAT, beforeSentence,
      send: (payload, mediaMs, isFirst) => {
        this.sent.push({ payload: Uint8Array.from(payload), mediaMs, isFirst });
        this.#changed();
        return this.sent.length;
      },
      listener: {
        onSentence: ({ turn, text }) => this.#note(`sentence ${turn} ${text}`),
        onFirstAudio: (turn) => this.#note(`audio ${turn}`),
        onPlayedOut: (turn) => this.#note(`played out ${turn}`),
        onFailure: (turn, error) => this.#note(`failure ${turn} ${error instanceof Error ? error.message : ''}`),
      },
    });
  }

  get sentMs(): number {
    return this.sent.reduce((sum, { payload }) => sum + audioMs(DEFAULT_AUDIO_FORMAT, payload.length), 0);
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  #note(what: string): void {
    this.happened.push(what);
    this.#changed();
  }

  #changed(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}

function scripted(env: Record<string, string> = {}): () => Promise<Synthesizer> {
  const settings = readScriptedSettings(env);
  const synthesizer = new ScriptedSynthesizer(settings, new ScriptedCalls(settings, 'synthesizer'));
  return async () => synthesizer;
}

function samplesOf(sent: readonly Sent[]): Int16Array {
  const bytes = Buffer.concat(sent.map(({ payload }) => payload));
  return Int16Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i));
}

describe('the agent\'s voice', LIMIT, () => {
  test('sentences are spoken one after another, sample for sample as they were synthesized, padded to whole frames only at their ends', async () => {
    const stage = new Stage();
    const [one, two] = ['Hey.', 'You!!'];
    stage.speaker.say(1, one);
    stage.speaker.say(1, two);
    stage.speaker.finish(1);
    await stage.until(() => stage.happened.includes('played out 1'));
    assert.deepEqual(stage.happened, ['sentence 1 Hey.', 'audio 1', 'sentence 1 You!!', 'played out 1']);
    assert.deepEqual(samplesOf(stage.sent), Int16Array.from([...scriptedSpeech(one), ...scriptedSpeech(two)]));
    assert.equal(stage.speaker.stop(), 'Hey. You!!');
  });

  test('audio leaves in whole frames, at most five together, each with its place in the turn; only the first says it is the first', async () => {
    const stage = new Stage();
    stage.speaker.say(1, 'Hello there.');
    await stage.until(() => stage.sentMs >= 720);
    let mediaMs = 0;
    for (const [at, sent] of stage.sent.entries()) {
      assert.ok(sent.payload.length % FRAME_BYTES === 0 && sent.payload.length <= 5 * FRAME_BYTES);
      assert.deepEqual([sent.mediaMs, sent.isFirst], [mediaMs, at === 0]);
      mediaMs += audioMs(DEFAULT_AUDIO_FORMAT, sent.payload.length);
    }
    stage.speaker.stop();
  });

  test('audio is sent no further ahead of its playing than the lead, one message at most over it', async () => {
    const leadMs = 200;
    const stage = new Stage(scripted(), leadMs);
    const startedMs = performance.now();
    stage.speaker.say(1, 'A sentence of two seconds and some.');
    await stage.until(() => stage.sentMs >= 800);
    assert.ok(stage.sentMs - (performance.now() - startedMs) <= leadMs + 100);
    stage.speaker.stop();
  });

  test('a turn is not played out before it is finished, nor before its audio was played', async () => {
    const stage = new Stage();
    stage.speaker.say(1, 'Hi.');
    await stage.until(() => stage.sentMs >= 180);
    const sentAtMs = performance.now();
    await sleep(220);
    assert.ok(!stage.happened.includes('played out 1'), 'it may go on');
    stage.speaker.say(1, 'Ho.');
    stage.speaker.finish(1);
    await stage.until(() => stage.happened.includes('played out 1'));
    assert.ok(performance.now() - sentAtMs >= 220 + 170);
  });

  test('a turn that ends without a word is played out', async () => {
    const stage = new Stage();
    stage.speaker.say(1, '');
    stage.speaker.finish(1);
    await stage.until(() => stage.happened.includes('played out 1'));
    assert.equal(stage.sent.length, 0);
  });

  test('stopped, it sends nothing more, reports nothing more, and says what was heard', async () => {
    const stage = new Stage();
    stage.speaker.say(1, 'One two three four five six seven eight nine ten.');
    stage.speaker.finish(1);
    await stage.until(() => stage.sentMs >= 500);
    await sleep(700);
    const { length } = stage.sent;
    const heard = stage.speaker.stop();
    assert.match(heard, /^One( two)?( three)?( four)?/);
    assert.ok(!heard.includes('ten'));
    await sleep(100);
    assert.equal(stage.sent.length, length);
    assert.ok(!stage.happened.includes('played out 1'));
    assert.equal(stage.speaker.stop(), '', 'what was heard is told once');
  });

  test('stopped before its first audio, nothing was heard', async () => {
    const stage = new Stage(scripted({ SCRIPTED_FIRST_SPEECH_MS: 'constant:5000' }));
    stage.speaker.say(1, 'Never heard.');
    await sleep(20);
    assert.equal(stage.speaker.stop(), '');
    assert.deepEqual(stage.happened, [], 'nobody is told of what is not heard');
    assert.equal(stage.sent.length, 0);
  });

  test('what the caller\'s device played counts, not what was reckoned', async () => {
    const stage = new Stage();
    stage.speaker.say(1, 'aaaa bbbb cccc dddd.');
    await stage.until(() => stage.sentMs >= 1200);
    stage.speaker.played(6);
    assert.equal(stage.speaker.stop(), 'aaaa bbbb');
  });

  test('a turn that was played out was heard to its last word, though the device\'s word of it is late', async () => {
    const stage = new Stage();
    stage.speaker.say(1, 'one two');
    stage.speaker.finish(1);
    await stage.until(() => stage.sent.length > 1);
    stage.speaker.played(1);
    await stage.until(() => stage.happened.includes('played out 1'));
    assert.equal(stage.speaker.stop(), 'one two');
  });

  test('the next turn\'s first sentence silences the one before', async () => {
    const stage = new Stage();
    stage.speaker.say(1, 'A very long sentence that is never finished.');
    await stage.until(() => stage.sent.length > 0);
    stage.speaker.say(2, 'Hi.');
    stage.speaker.finish(1);
    stage.speaker.finish(2);
    await stage.until(() => stage.happened.includes('played out 2'));
    assert.ok(!stage.happened.includes('played out 1'));
    const fresh = stage.sent.findIndex(({ isFirst }, at) => isFirst && at > 0);
    assert.deepEqual(samplesOf(stage.sent.slice(fresh)), scriptedSpeech('Hi.'));
  });

  test('a sentence that cannot be spoken is reported, and the next one is tried', async () => {
    const stage = new Stage(scripted({ SCRIPTED_FAIL_RATE: '1' }));
    stage.speaker.say(1, 'a');
    stage.speaker.say(1, 'b');
    stage.speaker.finish(1);
    await stage.until(() => stage.happened.includes('played out 1'));
    assert.equal(stage.happened.filter((what) => what === 'failure 1 scripted fault').length, 2);
    assert.ok(stage.happened.includes('sentence 1 b'));
  });

  test('an engine that cannot be made fails each sentence, and the turn still ends', async () => {
    const stage = new Stage(async () => {
      throw new Error('no such engine');
    });
    stage.speaker.say(1, 'a');
    stage.speaker.finish(1);
    await stage.until(() => stage.happened.includes('played out 1'));
    assert.deepEqual(stage.happened, ['sentence 1 a', 'failure 1 no such engine', 'played out 1']);
  });

  test('stopping, finishing or hearing of playout where nobody speaks is nothing', () => {
    const { speaker } = new Stage();
    speaker.finish(1);
    speaker.played(4);
    assert.equal(speaker.stop(), '');
  });
});

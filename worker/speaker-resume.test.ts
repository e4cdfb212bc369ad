import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { audioBytes, audioMs, type AudioFormat } from '../shared/protocol/audio-format.ts';
import { readScriptedSettings, ScriptedCalls } from './speech/scripted/script.ts';
import { ScriptedSynthesizer } from './speech/scripted/synthesizer.ts';
import { Speaker } from './speaker.ts';
import type { StartedSentence } from './spoken-turn.ts';
import type { BegunSentence } from './turn/history.ts';

const LIMIT = { timeout: 60_000 };
const TURN = 3;
const PCM: AudioFormat = { encoding: 'pcm16', sampleRateHz: 16000 };
const FORMATS: readonly AudioFormat[] = [
  PCM, { encoding: 'pcm16', sampleRateHz: 24000 }, { encoding: 'pcm16', sampleRateHz: 48000 }, { encoding: 'ulaw', sampleRateHz: 8000 },
];

/** One owner's voice, and all that it said. */
class Owner {
  readonly sentences: StartedSentence[] = [];
  readonly firsts: boolean[] = [];
  readonly speaker: Speaker;
  readonly #format: AudioFormat;
  readonly #parts: Uint8Array[] = [];
  readonly #placesMs: number[] = [];
  #isOver = false;
  #changed: () => void = () => undefined;

  constructor(format: AudioFormat, leadMs = 600_000) {
    this.#format = format;
    const settings = readScriptedSettings({});
    const synthesizer = new ScriptedSynthesizer(settings, new ScriptedCalls(settings, 'synthesizer'));
    this.speaker = new Speaker({
      synthesizer: async () => synthesizer, voice: undefined, language: 'en-US', format, leadMs, engineDeadlineMs: 10_000,
      beforeSentence: async () => Promise.resolve(),
      send: (payload, mediaMs, isFirst, turn) => this.#take(payload, mediaMs, isFirst, turn),
      listener: {
        onSentence: (sentence) => this.sentences.push(sentence),
        onFirstAudio: () => undefined,
        onPlayedOut: () => {
          this.#isOver = true;
          this.#changed();
        },
        onFailure: (_turn, error) => assert.fail(String(error)),
      },
    });
  }

  get audio(): Buffer {
    return Buffer.concat(this.#parts);
  }

  /** The audio, once so much of it was sent. */
  async said(bytes: number): Promise<Buffer> {
    while (this.audio.length < bytes) await this.#change();
    return this.audio;
  }

  async playedOut(): Promise<void> {
    while (!this.#isOver) await this.#change();
  }

  /** Each message's place follows on the one before, from `fromMs` on. */
  assertPlaces(fromMs: number): void {
    let atMs = fromMs;
    for (const [i, part] of this.#parts.entries()) {
      assert.equal(this.#placesMs[i], Math.round(atMs));
      atMs += audioMs(this.#format, part.length);
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#changed = resolve));
  }

  #take(payload: Uint8Array, mediaMs: number, isFirst: boolean, turn: number): number {
    assert.equal(turn, TURN);
    this.#parts.push(Uint8Array.from(payload));
    this.#placesMs.push(mediaMs);
    this.firsts.push(isFirst);
    this.#changed();
    return this.#parts.length;
  }
}

/** What one owner says of a reply that nobody interrupts. */
async function whole(texts: readonly string[], format: AudioFormat): Promise<Owner> {
  const owner = new Owner(format);
  for (const text of texts) owner.speaker.say(TURN, text);
  const bytes = texts.reduce((sum, { length }) => sum + audioBytes(format, Math.ceil((length * 60) / 20) * 20), 0);
  await owner.said(bytes);
  assert.equal(owner.audio.length, bytes);
  owner.speaker.stop();
  return owner;
}

const sentence = fc.stringMatching(/^[A-Za-z ,]{1,40}\.$/);

describe('a reply that another owner goes on with', LIMIT, () => {
  test('is the same to the last sample as if one had spoken it, wherever it was cut and in whatever format', async () => {
    const reply = fc.array(sentence, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(reply, fc.constantFrom(...FORMATS), fc.nat(1000), fc.nat(6), fc.nat(6), async (texts, format, cut, stored, known) => {
        const first = await whole(texts, format);
        const lengthMs = audioMs(format, first.audio.length);
        const cutMs = Math.floor((lengthMs * cut) / 1000);
        // What the earlier owner stored: its first sentences, and where so many of those that had begun began.
        const made = Math.max(stored, first.sentences.filter(({ startMs }) => startMs < cutMs).length, 1);
        const begun = first.sentences.slice(0, made).map(({ text, startMs }): BegunSentence => (startMs < cutMs && known > 0 ? { text, startMs } : { text }));
        const second = new Owner(format);
        second.speaker.resume(TURN, begun, cutMs);
        for (const text of texts.slice(made)) second.speaker.say(TURN, text);
        const heard = first.audio.subarray(0, audioBytes(format, cutMs));
        const rest = await second.said(first.audio.length - heard.length);
        assert.ok(Buffer.concat([heard, rest]).equals(first.audio));
        second.assertPlaces(cutMs);
        assert.ok(cutMs === 0 || second.firsts.every((isFirst) => !isFirst));
        assert.deepEqual(second.sentences, first.sentences.filter(({ startMs }) => startMs >= cutMs), 'each is told by who begins it');
        second.speaker.stop();
      }),
      { numRuns: 150 },
    );
  });

  test('counts as heard whole once it is played, the sentences of the earlier owner included', async () => {
    const owner = new Owner(PCM);
    owner.speaker.resume(TURN, [{ text: 'One one.', startMs: 0 }, { text: 'Two.', startMs: 480 }], 500);
    owner.speaker.say(TURN, 'Three.');
    owner.speaker.finish(TURN);
    await owner.playedOut();
    assert.equal(owner.speaker.stop(), 'One one. Two. Three.');
  });

  test('interrupted at once, it was heard as far as it was delivered', async () => {
    const owner = new Owner(PCM);
    owner.speaker.resume(TURN, [{ text: 'One one.', startMs: 0 }, { text: 'Two and a half.', startMs: 480 }], 480 + 520);
    assert.equal(owner.speaker.stop(), 'One one.');
    owner.speaker.resume(TURN, [{ text: 'One one.', startMs: 0 }, { text: 'Two and a half.', startMs: 480 }], 480 + 520);
    await new Promise(setImmediate);
    assert.equal(owner.speaker.stop(), 'One one. Two and');
  });

  test('of which all was delivered says nothing more, and ends when the caller has heard it, whatever of it was still to be played', async () => {
    const owner = new Owner(PCM, 200);
    const startedMs = performance.now();
    owner.speaker.resume(TURN, [{ text: 'One one.', startMs: 0 }, { text: 'Two.', startMs: 480 }], 720);
    owner.speaker.finish(TURN);
    await owner.playedOut();
    assert.equal(owner.audio.length, 0);
    assert.ok(performance.now() - startedMs >= 199, 'so much may have been ahead of its playing');
    assert.equal(owner.speaker.stop(), 'One one. Two.');
  });

  test('is held while nobody can hear: it waits, ends no sooner than it was heard, and knows what was not', async () => {
    const owner = new Owner(PCM, 200);
    owner.speaker.say(TURN, 'One one.');
    owner.speaker.say(TURN, 'Two.');
    owner.speaker.finish(TURN);
    await owner.said(1);
    owner.speaker.hold();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const sent = audioMs(PCM, owner.audio.length);
    assert.ok(sent <= 300, 'no more than one message beyond the lead');
    const startedMs = performance.now();
    owner.speaker.goOn({ turn: TURN, mediaMs: 100 });
    await owner.playedOut();
    assert.ok(performance.now() - startedMs >= 619, 'all but 100 of 720 ms were still to be heard');
    assert.equal(audioMs(PCM, owner.audio.length), 720);
    assert.equal(owner.speaker.stop(), 'One one. Two.');
  });

  test('that nothing was delivered of begins as a new one', async () => {
    const owner = new Owner(PCM);
    owner.speaker.resume(TURN, [{ text: 'One.' }, { text: 'Two.' }], 0);
    await owner.said(2 * audioBytes(PCM, 240));
    assert.deepEqual(owner.firsts.map((isFirst, at) => isFirst === (at === 0)), owner.firsts.map(() => true));
    assert.deepEqual(owner.sentences.map(({ index, text, startMs }) => [index, text, startMs]), [[0, 'One.', 0], [1, 'Two.', 240]]);
    owner.speaker.stop();
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FinalTranscript, RecognitionBias, Recognizer, RecognizerStream } from '../ports.ts';
import { frames, joined, silence } from './recordings.ts';
import { CONFORMANCE_TIMEOUT_MS, sharedEngine } from './shared-engine.ts';

export interface RecognizerExpectations {
  readonly bias: RecognitionBias;
  /** Two turns at INTERNAL_RATE_HZ that are understood differently under this bias. */
  readonly first: { readonly samples: Int16Array; readonly words: RegExp };
  readonly second: { readonly samples: Int16Array; readonly words: RegExp };
}

const PADDING = silence(300);
const options = { timeout: CONFORMANCE_TIMEOUT_MS };

/** Registers tests of what `Recognizer` promises, run on one implementation. */
export function describeRecognizer(name: string, make: () => Promise<Recognizer>, expectations: RecognizerExpectations): void {
  const { bias } = expectations;
  const first = joined(PADDING, expectations.first.samples, PADDING);
  const second = joined(PADDING, expectations.second.samples, PADDING);

  describe(`recognizer: ${name}`, () => {
    const engine = sharedEngine(make);

    it('understands a turn, warmed or not', options, async () => {
      const recognizer = await engine();
      assertWords(await understand(recognizer, bias, first), expectations.first.words);
      recognizer.warm(bias);
      recognizer.warm(bias);
      assertWords(await understand(recognizer, bias, second), expectations.second.words);
    });

    it('finds no words in silence and none in nothing', options, async () => {
      assert.notEqual((await understand(await engine(), bias, silence(1000))).outcome, 'words');
      assert.notEqual((await understand(await engine(), bias, new Int16Array(0))).outcome, 'words');
    });

    it('calls partials back in the open turn only, never from within a call', options, async () => {
      const turn = new Turn(await engine(), bias);
      await turn.pushAll(first);
      const finished = await turn.finish();
      const count = turn.partials.length;
      assertWords(finished, expectations.first.words);
      await understand(await engine(), bias, second);
      assert.equal(turn.partials.length, count, 'a partial came after the final');
      assert.equal(turn.calledInside, false);
      assert.ok(turn.partials.every((text) => text.trim() !== ''), 'an empty partial');
    });

    it('understands the same with a pause before the end', options, async () => {
      const turn = new Turn(await engine(), bias);
      await turn.pushAll(first);
      turn.watch(() => turn.stream.pause());
      await turn.pushAll(silence(400));
      assertWords(await turn.finish(), expectations.first.words);
    });

    it('forgets what a pause began when the caller speaks on', options, async () => {
      const turn = new Turn(await engine(), bias);
      await turn.pushAll(silence(300));
      turn.watch(() => turn.stream.pause());
      turn.watch(() => turn.stream.resume());
      await turn.pushAll(first);
      turn.watch(() => turn.stream.pause());
      assertWords(await turn.finish(), expectations.first.words);
    });

    it('is silent about a turn that was aborted, and minds no push after it', options, async () => {
      const recognizer = await engine();
      const paused = new Turn(recognizer, bias);
      for (const samples of frames(first)) paused.stream.push(samples);
      paused.stream.pause();
      paused.stream.abort();
      paused.stream.push(first);
      assertWords(await understand(recognizer, bias, second), expectations.second.words);
      assert.deepEqual(paused.partials, []);
    });

    it('can be aborted while the final is awaited, which then settles', options, async () => {
      const turn = new Turn(await engine(), bias);
      for (const samples of frames(first)) turn.stream.push(samples);
      const finishing = turn.stream.finish();
      turn.stream.abort();
      await Promise.allSettled([finishing]);
      assert.deepEqual(turn.partials, []);
    });

    it('keeps turns of several callers apart', options, async () => {
      const recognizer = await engine();
      const [one, two, three] = await Promise.all([first, second, first].map((samples) => understand(recognizer, bias, samples)));
      assertWords(one, expectations.first.words);
      assertWords(two, expectations.second.words);
      assertWords(three, expectations.first.words);
    });

    it('keeps no reference to what it was given', options, async () => {
      const turn = new Turn(await engine(), bias);
      const frame = new Int16Array(first.length);
      frame.set(first);
      turn.stream.push(frame);
      frame.fill(0);
      assertWords(await turn.stream.finish(), expectations.first.words);
    });
  });
}

/** One stream, with what it calls back written down. */
class Turn {
  readonly stream: RecognizerStream;
  readonly partials: string[] = [];
  calledInside = false;
  #inside = false;

  constructor(recognizer: Recognizer, bias: RecognitionBias) {
    this.stream = recognizer.open(bias, {
      onPartial: (text) => {
        this.calledInside ||= this.#inside;
        this.partials.push(text);
      },
    });
  }

  /** Does something to the stream, noting whether it calls back before it returns. */
  watch(act: () => void): void {
    this.#inside = true;
    act();
    this.#inside = false;
  }

  finish(): Promise<FinalTranscript> {
    this.#inside = true;
    const final = this.stream.finish();
    this.#inside = false;
    return final;
  }

  async pushAll(samples: Int16Array): Promise<void> {
    for (const frame of frames(samples)) {
      this.watch(() => this.stream.push(frame));
      await new Promise(setImmediate);
    }
  }
}

async function understand(recognizer: Recognizer, bias: RecognitionBias, samples: Int16Array): Promise<FinalTranscript> {
  const turn = new Turn(recognizer, bias);
  await turn.pushAll(samples);
  return turn.stream.finish();
}

function assertWords(transcript: FinalTranscript | undefined, expected: RegExp): void {
  assert.ok(transcript?.outcome === 'words', `expected words, got ${JSON.stringify(transcript)}`);
  assert.match(transcript.text, expected);
}

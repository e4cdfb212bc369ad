import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SpeechChunk, Synthesizer } from '../ports.ts';
import { collect } from './collect.ts';
import { CONFORMANCE_TIMEOUT_MS, sharedEngine } from './shared-engine.ts';

export interface SynthesizerExpectations {
  readonly sampleRateHz: number;
  /** Whether the same text gives the same samples, so that they can be compared one by one. */
  readonly repeatable: boolean;
}

const SENTENCE = 'The fleet is listening to every caller.';
const OTHER_SENTENCE = 'Ten.';
/** Nobody speaks an English character in less or more time than this. */
const MS_PER_CHARACTER = { min: 25, max: 200 };
/** Quieter than this on average is no speech. */
const MIN_RMS = 100;
const options = { timeout: CONFORMANCE_TIMEOUT_MS };

/** Registers tests of what `Synthesizer` promises, run on one implementation. */
export function describeSynthesizer(name: string, make: () => Promise<Synthesizer>, { sampleRateHz, repeatable }: SynthesizerExpectations): void {
  describe(`synthesizer: ${name}`, () => {
    const engine = sharedEngine(make);

    it('speaks a sentence at one rate, in pieces that are not empty, about as long as a human', options, async () => {
      const chunks = await speak(await engine(), SENTENCE);
      assert.ok(chunks.every((chunk) => chunk.sampleRateHz === sampleRateHz && chunk.samples.length > 0));
      assertSpoken(chunks, SENTENCE);
    });

    it('has voices, each of which speaks, and its own choice for an unknown one', options, async () => {
      const synthesizer = await engine();
      assert.ok(synthesizer.voices.length > 0);
      for (const voice of synthesizer.voices) assertSpoken(await speak(synthesizer, SENTENCE, voice), SENTENCE);
      const [chosen, unknown] = [await speak(synthesizer, SENTENCE), await speak(synthesizer, SENTENCE, 'no such voice')];
      assertSpoken(unknown, SENTENCE);
      if (repeatable) assert.deepEqual(samplesOf(unknown), samplesOf(chosen));
    });

    it('leaves the pieces it gave alone', options, async () => {
      const copies: Int16Array[] = [];
      const kept: Int16Array[] = [];
      for await (const { samples } of (await engine()).synthesize(asked(SENTENCE), new AbortController().signal)) {
        copies.push(samples.slice());
        kept.push(samples);
      }
      assert.deepEqual(kept, copies);
    });

    it('keeps sentences spoken at once apart', options, async () => {
      const synthesizer = await engine();
      const alone = await speak(synthesizer, SENTENCE);
      const [one, two, three] = await Promise.all([SENTENCE, OTHER_SENTENCE, SENTENCE].map((text) => speak(synthesizer, text)));
      for (const chunks of [one, three]) {
        assertSpoken(chunks, SENTENCE);
        if (repeatable) assert.deepEqual(samplesOf(chunks), samplesOf(alone));
      }
      assert.ok(samplesOf(two).length < samplesOf(alone).length);
    });

    it('speaks nothing when it is stopped before it began', options, async () => {
      assert.deepEqual(await collect((await engine()).synthesize(asked(SENTENCE), AbortSignal.abort())), []);
    });

    it('ends early and without a throw when it is stopped midway', options, async () => {
      const stop = new AbortController();
      let after = 0;
      for await (const chunk of (await engine()).synthesize(asked(`${SENTENCE} ${SENTENCE} ${SENTENCE}`), stop.signal)) {
        if (stop.signal.aborted) after += chunk.samples.length;
        stop.abort();
      }
      assert.equal(after, 0, 'it went on after it was stopped');
    });

    it('speaks on after a listener walked away', options, async () => {
      for await (const chunk of (await engine()).synthesize(asked(SENTENCE), new AbortController().signal)) {
        assert.ok(chunk);
        break;
      }
      assertSpoken(await speak(await engine(), SENTENCE), SENTENCE);
    });

    it('minds no text without anything to say', options, async () => {
      for (const text of ['…', '   ', '“”']) await speak(await engine(), text);
    });
  });
}

function asked(text: string, voice?: string): { text: string; voice: string | undefined; language: string } {
  return { text, voice, language: 'en-US' };
}

function speak(synthesizer: Synthesizer, text: string, voice?: string): Promise<SpeechChunk[]> {
  return collect(synthesizer.synthesize(asked(text, voice), new AbortController().signal));
}

function samplesOf(chunks: readonly SpeechChunk[] | undefined): number[] {
  return (chunks ?? []).flatMap((chunk) => [...chunk.samples]);
}

function assertSpoken(chunks: readonly SpeechChunk[] | undefined, text: string): void {
  const samples = samplesOf(chunks);
  const msPerCharacter = (samples.length * 1000) / (chunks?.[0]?.sampleRateHz ?? 1) / text.length;
  assert.ok(msPerCharacter > MS_PER_CHARACTER.min && msPerCharacter < MS_PER_CHARACTER.max, `${msPerCharacter} ms a character`);
  const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
  assert.ok(rms > MIN_RMS, `the speech is silent: RMS ${rms}`);
}

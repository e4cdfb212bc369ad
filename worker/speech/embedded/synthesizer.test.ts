import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createLog } from '../../../shared/runtime/log.ts';
import type { Synthesizer } from '../ports.ts';
import { createEmbeddedSynthesizer } from './synthesizer.ts';

const log = createLog({ tier: 'test', id: 'test', level: 'silent' });

describe('the embedded synthesizer', () => {
  let synthesizer: Synthesizer;

  before(async () => {
    synthesizer = await createEmbeddedSynthesizer({ env: { SYNTHESIZER_THREADS: '2' }, log });
  });
  after(() => synthesizer.close());

  async function speak(text: string, voice?: string, signal = new AbortController().signal): Promise<readonly Int16Array[]> {
    const chunks: Int16Array[] = [];
    for await (const { samples, sampleRateHz } of synthesizer.synthesize({ text, voice, language: 'en' }, signal)) {
      assert.equal(sampleRateHz, 16_000);
      chunks.push(samples);
    }
    return chunks;
  }

  function joined(chunks: readonly Int16Array[]): readonly number[] {
    return chunks.flatMap((chunk) => [...chunk]);
  }

  it('speaks with every voice: loud enough, never clipped, at once, as long as it takes to say', async () => {
    for (const voice of synthesizer.voices) {
      const samples = joined(await speak('Three plus four is seven, and the Apples are RED!', voice));
      const peak = samples.reduce((max, sample) => Math.max(max, Math.abs(sample)), 0);
      assert.ok(peak > 5000 && peak < 32_767, `${voice}: peak ${peak}`);
      assert.ok(samples.length > 1.5 * 16_000 && samples.length < 6 * 16_000, `${voice}: ${samples.length} samples`);
      assert.equal(samples.findIndex((sample) => Math.abs(sample) > 150), 480, `${voice}: speech begins after 30 ms`);
    }
  });

  it('speaks the same text the same way, in chunks of 100 ms', async () => {
    const [one, two] = [await speak('Say it twice.'), await speak('Say it twice.')];
    assert.deepEqual(one, two);
    assert.ok(one.length > 3);
    assert.ok(one.slice(0, -1).every((chunk) => chunk.length === 1600));
  });

  it('takes its default voice for an unknown one', async () => {
    assert.deepEqual(await speak('Hello.', 'nobody'), await speak('Hello.'));
    assert.notDeepEqual(await speak('Hello.', 'rms'), await speak('Hello.'));
  });

  it('says nothing where there is nothing to say', async () => {
    for (const text of ['', ' \n', '...', '😀', '你好']) assert.deepEqual(await speak(text), []);
  });

  it('speaks options of a command line and markup as text', async () => {
    for (const text of ['-t', '--help', '-o /out/x', '<speak>']) assert.ok((await speak(text)).length > 0, text);
  });

  it('speaks a very long text to its end, its beginning first', async () => {
    const short = joined(await speak('many words '.repeat(27)));
    const long = joined(await speak('many words '.repeat(60)));
    assert.ok(long.length > 2 * short.length);
    assert.deepEqual(long.slice(0, 16_000), short.slice(0, 16_000));
  });

  it('speaks 20 sentences at once, each with its own samples', async () => {
    const texts = Array.from({ length: 20 }, (_, i) => `Caller ${i} asked for it.`);
    const together = await Promise.all(texts.map((text) => speak(text)));
    for (const [i, text] of texts.entries()) assert.deepEqual(joined(together[i] ?? []), joined(await speak(text)), text);
  });

  it('ends early and without a throw when it is aborted, and speaks on for others', async () => {
    assert.deepEqual(await speak('Never said.', undefined, AbortSignal.abort()), []);
    const stop = new AbortController();
    const stopped = Array.from({ length: 8 }, (_, i) => speak(`Number ${i} is not wanted.`, undefined, stop.signal));
    const wanted = speak('This one is.');
    stop.abort();
    assert.deepEqual(await Promise.all(stopped), Array.from({ length: 8 }, () => []));
    assert.ok((await wanted).length > 0);
  });

  it('stops between chunks', async () => {
    const stop = new AbortController();
    let chunks = 0;
    for await (const chunk of synthesizer.synthesize({ text: 'A long enough sentence.', voice: undefined, language: 'en' }, stop.signal)) {
      chunks += chunk.samples.length > 0 ? 1 : 0;
      if (chunks === 2) stop.abort();
    }
    assert.equal(chunks, 2);
  });

  it('refuses to be made with a wrong number of threads', async () => {
    for (const threads of ['0', '1.5', 'many', '65']) {
      await assert.rejects(createEmbeddedSynthesizer({ env: { SYNTHESIZER_THREADS: threads }, log }), /SYNTHESIZER_THREADS is ".*", expected a whole number from 1 to 64/);
    }
  });
});

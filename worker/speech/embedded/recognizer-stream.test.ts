import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Bias } from './bias-names.ts';
import { withPool, type JournalEntry, type PoolFixture } from './recognizer-pool-fixture.ts';
import { PocketSphinxStream } from './recognizer-stream.ts';

const SECOND_SAMPLES = 16_000;
const PADDING_SAMPLES = 8_000;

function open({ pool }: PoolFixture, bias: Bias): PocketSphinxStream {
  const fail = (): never => assert.fail('called back');
  return new PocketSphinxStream({ bias, pool, listener: { onPartial: () => undefined }, onCut: fail });
}

/** Half a minute of seconds of speech with a pause after each, on a thread that is idle at each pause; what was decoded of it. */
async function halting(fixture: PoolFixture, bias: Bias): Promise<readonly JournalEntry[]> {
  const stream = open(fixture, bias);
  for (let second = 0; second < 30; second += 1) {
    stream.push(new Int16Array(SECOND_SAMPLES));
    await fixture.journal();
    stream.pause();
    await fixture.journal();
    stream.resume();
  }
  await stream.finish();
  return fixture.journal();
}

const seconds = (entries: readonly JournalEntry[], wanted: string): number[] =>
  entries.filter(({ kind }) => kind === wanted).map(({ samples }) => (samples - PADDING_SAMPLES) / SECOND_SAMPLES);

describe('turn of the embedded recognizer', { timeout: 180_000 }, () => {
  it('is decoded at its pauses while it is short, then once at its end', () =>
    withPool(1, async (fixture) => {
      const entries = await halting(fixture, fixture.bias('one'));
      assert.deepEqual(seconds(entries, 'final'), [1, 2, 3, 4, 5, 6, 7, 8, 30]);
    }));

  it('has no partials in dictation, and is decoded at early pauses only', () =>
    withPool(1, async (fixture) => {
      const entries = await halting(fixture, fixture.bias());
      assert.deepEqual(seconds(entries, 'final'), [1, 2, 30]);
      assert.deepEqual(seconds(entries, 'partial'), []);
    }));

  it('is not decoded at a pause while another turn is', () =>
    withPool(1, async (fixture) => {
      const { pool, bias, journal } = fixture;
      const stream = open(fixture, bias('one'));
      stream.push(new Int16Array(SECOND_SAMPLES / 4));
      const other = pool.decodeFinal(bias('other'), new Int16Array(4));
      stream.pause();
      stream.push(new Int16Array(SECOND_SAMPLES));
      await other.transcript;
      await stream.finish();
      const own = (await journal()).filter(({ phrase }) => phrase === 'one');
      assert.deepEqual(seconds(own, 'final'), [1.25]);
    }));

  it('is decoded at a pause as soon as its own partial is done', () =>
    withPool(1, async (fixture) => {
      const { pool, bias, journal } = fixture;
      const heard = new Promise<string>((onPartial) => {
        const stream = new PocketSphinxStream({ bias: bias('one'), pool, listener: { onPartial }, onCut: () => undefined });
        stream.push(new Int16Array(SECOND_SAMPLES));
        stream.pause();
      });
      await heard;
      const entries = await journal();
      assert.deepEqual([seconds(entries, 'partial'), seconds(entries, 'final')], [[1], [1]]);
    }));

  it('has one partial decoded at a time, however many threads are idle', () =>
    withPool(2, async (fixture) => {
      const stream = open(fixture, fixture.bias('hang'));
      for (let second = 0; second < 10; second += 1) stream.push(new Int16Array(SECOND_SAMPLES));
      assert.deepEqual(await fixture.journal(), []);
      stream.abort();
    }));

  it('leaves nothing to decode when it is aborted while its final waits', () =>
    withPool(1, async (fixture) => {
      const first = fixture.pool.decodeFinal(fixture.bias('first'), new Int16Array(4));
      const stream = open(fixture, fixture.bias('one'));
      stream.push(new Int16Array(SECOND_SAMPLES / 4));
      const final = assert.rejects(stream.finish(), /aborted/);
      stream.abort();
      await Promise.all([first.transcript, final]);
      assert.deepEqual((await fixture.journal()).map(({ phrase }) => phrase), ['first']);
    }));
});

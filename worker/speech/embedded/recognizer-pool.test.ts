import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineError } from '../ports.ts';
import { withPool } from './recognizer-pool-fixture.ts';

const samples = (): Int16Array<ArrayBuffer> => new Int16Array(4);
const words = (text: string): unknown => ({ outcome: 'words', text });
const enough = new EngineError('enough', false);

describe('recognizer pool', { timeout: 180_000 }, () => {
  it('fails the final in flight when its thread crashes, and only that one', () =>
    withPool(1, async ({ pool, bias, crashes }) => {
      const fatal = pool.decodeFinal(bias('die'), samples());
      const waiting = pool.decodeFinal(bias('next'), samples());
      await assert.rejects(fatal.transcript, (error) => error instanceof EngineError && error.retryable);
      assert.deepEqual(await waiting.transcript, words('next'));
      assert.equal(crashes.length, 1);
    }));

  it('gives a final to the first thread that is free', () =>
    withPool(2, async ({ pool, bias }) => {
      const stuck = pool.decodeFinal(bias('hang'), samples());
      for (const text of ['other lane', 'other lane again']) {
        assert.deepEqual(await pool.decodeFinal(bias(text), samples()).transcript, words(text));
      }
      stuck.cancel(enough);
      await assert.rejects(stuck.transcript, /enough/);
    }));

  it('never decodes a final that was cancelled while it waited', () =>
    withPool(1, async ({ pool, bias, journal }) => {
      const first = pool.decodeFinal(bias('first'), samples());
      const cancelled = pool.decodeFinal(bias('cancelled'), samples());
      cancelled.cancel(enough);
      await assert.rejects(cancelled.transcript, /enough/);
      await first.transcript;
      assert.deepEqual((await journal()).map(({ phrase }) => phrase), ['first']);
    }));

  it('takes partials and guesses on an idle thread only', () =>
    withPool(1, async ({ pool, bias }) => {
      const partials: string[] = [];
      const unread = (): never => assert.fail('copied audio for nothing');
      const final = pool.decodeFinal(bias('final'), samples());
      assert.equal(pool.decodePartial(bias('skipped'), unread, (text) => partials.push(text)), false);
      assert.equal(pool.guessFinal(bias('skipped'), unread), undefined);
      await final.transcript;
      const guess = pool.guessFinal(bias('guess'), samples);
      assert.equal(pool.guessFinal(bias('skipped'), unread), undefined);
      assert.deepEqual(await guess?.transcript, words('guess'));
      assert.equal(pool.decodePartial(bias('heard'), samples, (text) => partials.push(text)), true);
      await pool.decodeFinal(bias('final'), samples()).transcript;
      assert.deepEqual(partials, ['heard']);
    }));

  it('lets finals overtake biases that wait to be made ready', () =>
    withPool(1, async ({ pool, bias, journal }) => {
      const first = pool.decodeFinal(bias('first'), samples());
      pool.warm(bias('warm'));
      const second = pool.decodeFinal(bias('second'), samples());
      await Promise.all([first.transcript, second.transcript]);
      await pool.decodeFinal(bias('third'), samples()).transcript;
      assert.deepEqual((await journal()).map(({ phrase }) => phrase), ['first', 'second', 'warm', 'third']);
    }));

  it('makes a bias ready on one thread at a time, so that another one serves callers', () =>
    withPool(2, async ({ pool, bias }) => {
      pool.warm(bias('hang'));
      pool.warm(bias('also waiting'));
      assert.deepEqual(await pool.decodeFinal(bias('caller'), samples()).transcript, words('caller'));
    }));

  it('makes a bias ready once, however many sessions ask', () =>
    withPool(1, async ({ pool, bias, journal }) => {
      for (let session = 0; session < 5; session += 1) pool.warm(bias('warm', 'same'));
      assert.equal((await journal()).length, 1);
      pool.warm(bias('warm', 'same'));
      assert.deepEqual((await journal()).map(({ kind, phrase }) => `${kind} ${phrase}`), ['warm warm']);
    }));

  it('sends the phrases of a bias once, and again once the thread has dropped it', () =>
    withPool(1, async ({ pool, bias, journal }) => {
      for (const phrase of ['one', 'one', 'forget', 'one', 'one']) await pool.decodeFinal(bias(phrase), samples()).transcript;
      assert.deepEqual((await journal()).map(({ isTold }) => isTold), [true, false, true, true, false]);
    }));

  it('sends the phrases of a bias again after a crash', () =>
    withPool(1, async ({ pool, bias, crashes }) => {
      await pool.decodeFinal(bias('one'), samples()).transcript;
      await assert.rejects(pool.decodeFinal(bias('die'), samples()).transcript);
      assert.deepEqual(await pool.decodeFinal(bias('one'), samples()).transcript, words('one'));
      assert.equal(crashes.length, 1);
    }));

  it('refuses finals beyond its bound', () =>
    withPool(1, async ({ pool, bias }) => {
      const taken = Array.from({ length: 65 }, () => pool.decodeFinal(bias('hang'), samples()));
      await assert.rejects(pool.decodeFinal(bias('one more'), samples()).transcript, /too many turns/);
      for (const { cancel, transcript } of taken) {
        cancel(enough);
        await assert.rejects(transcript, /enough/);
      }
    }));

  it('tells whoever waits that it is closed', () =>
    withPool(1, async ({ pool, bias }) => {
      const inFlight = assert.rejects(pool.decodeFinal(bias('hang'), samples()).transcript, /closed/);
      const waiting = assert.rejects(pool.decodeFinal(bias('never'), samples()).transcript, /closed/);
      await pool.close();
      await Promise.all([inFlight, waiting]);
      await assert.rejects(pool.decodeFinal(bias('late'), samples()).transcript, /closed/);
    }));
});

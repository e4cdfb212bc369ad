import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineError } from '../ports.ts';
import { RecognizerLane } from './recognizer-lane.ts';
import { RecognizerPool } from './recognizer-pool.ts';

/** Stands for the decoding thread: answers with the first phrase, dies of the phrase "die", never answers to "hang". */
const SCRIPT = new URL(`data:text/javascript,${encodeURIComponent(`
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', ({ kind, phrases: [phrase] }) => {
    if (phrase === 'die') throw new Error('asked to');
    if (phrase === 'hang') return;
    if (kind === 'warm') parentPort.postMessage({ kind });
    else if (kind === 'partial') parentPort.postMessage({ kind, text: phrase });
    else parentPort.postMessage({ kind, transcript: { outcome: 'words', text: phrase } });
  });
`)}`);

interface Fixture {
  readonly pool: RecognizerPool;
  readonly crashes: EngineError[];
}

async function withPool(lanes: number, test: (fixture: Fixture) => Promise<void>): Promise<void> {
  const crashes: EngineError[] = [];
  const settings = { library: '', model: '' };
  const make = (): RecognizerLane => new RecognizerLane({ script: SCRIPT, settings, onOpened: () => undefined, onCrash: (error) => crashes.push(error) });
  const pool = new RecognizerPool(Array.from({ length: lanes }, make));
  try {
    await test({ pool, crashes });
  } finally {
    await pool.close();
  }
}

const samples = (): Int16Array<ArrayBuffer> => new Int16Array(4);
const words = (text: string): unknown => ({ outcome: 'words', text });

describe('recognizer pool', { timeout: 20_000 }, () => {
  it('fails the final in flight when its thread crashes, and only that one', () =>
    withPool(1, async ({ pool, crashes }) => {
      const fatal = pool.decodeFinal(['die'], samples());
      const waiting = pool.decodeFinal(['next'], samples());
      await assert.rejects(fatal.transcript, (error) => error instanceof EngineError && error.retryable);
      assert.deepEqual(await waiting.transcript, words('next'));
      assert.equal(crashes.length, 1);
    }));

  it('gives work to the thread with the least to do', () =>
    withPool(2, async ({ pool }) => {
      const stuck = pool.decodeFinal(['hang'], samples());
      assert.deepEqual(await pool.decodeFinal(['other lane'], samples()).transcript, words('other lane'));
      stuck.cancel(new EngineError('enough', false));
      await assert.rejects(stuck.transcript, /enough/);
    }));

  it('skips partials while there is other work', () =>
    withPool(1, async ({ pool }) => {
      const partials: string[] = [];
      const final = pool.decodeFinal(['final'], samples());
      pool.decodePartial(['skipped'], () => assert.fail('copied audio for nothing'), (text) => partials.push(text));
      await final.transcript;
      pool.decodePartial(['heard'], samples, (text) => partials.push(text));
      await pool.decodeFinal(['final'], samples()).transcript;
      assert.deepEqual(partials, ['heard']);
    }));

  it('refuses finals beyond its bound', () =>
    withPool(1, async ({ pool }) => {
      const taken = Array.from({ length: 65 }, () => pool.decodeFinal(['hang'], samples()));
      await assert.rejects(pool.decodeFinal(['one more'], samples()).transcript, /too many turns/);
      for (const { cancel, transcript } of taken) {
        cancel(new EngineError('over', false));
        await assert.rejects(transcript, /over/);
      }
    }));

  it('tells whoever waits that it is closed', () =>
    withPool(1, async ({ pool }) => {
      const inFlight = assert.rejects(pool.decodeFinal(['hang'], samples()).transcript, /closed/);
      const waiting = assert.rejects(pool.decodeFinal(['never'], samples()).transcript, /closed/);
      await pool.close();
      await Promise.all([inFlight, waiting]);
      await assert.rejects(pool.decodeFinal(['late'], samples()).transcript, /closed/);
    }));
});

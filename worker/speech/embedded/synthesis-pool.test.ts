import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { EngineError } from '../ports.ts';
import { SynthesisPool } from './synthesis-pool.ts';

/** A thread that takes its jobs' texts as orders: "die", "fail"; anything else it answers with the text's length. */
const OBEDIENT = `
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', ({ id, text }) => {
    if (text === 'die') throw new Error('as ordered');
    if (text === 'fail') parentPort.postMessage({ id, failure: 'as ordered' });
    else parentPort.postMessage({ id, samples: new Int16Array([text.length]) });
  });
`;
const never = new AbortController().signal;

describe('SynthesisPool', () => {
  const pools: SynthesisPool[] = [];
  after(() => Promise.all(pools.map((pool) => pool.close())));

  function makePool(options: { threads?: number; maxWaiting?: number } = {}): { pool: SynthesisPool; crashes: EngineError[] } {
    const crashes: EngineError[] = [];
    const script = new URL(`data:text/javascript,${encodeURIComponent(OBEDIENT)}`);
    const pool = new SynthesisPool({ script, settings: {}, threads: 1, maxWaiting: 100, onCrash: (error) => crashes.push(error), ...options });
    pools.push(pool);
    return { pool, crashes };
  }

  it('loses only the sentence in flight when a thread dies, and goes on with the rest in order', async () => {
    const { pool, crashes } = makePool();
    const done: number[] = [];
    const first = pool.speak('one', 'slt', never);
    const doomed = pool.speak('die', 'slt', never);
    const rest = ['three', 'fourth', 'fifth--'].map(async (text) => done.push((await pool.speak(text, 'slt', never))?.[0] ?? -1));
    assert.deepEqual(await first, new Int16Array([3]));
    await assert.rejects(doomed, (error) => error instanceof EngineError && error.retryable && /as ordered/.test(error.message));
    await Promise.all(rest);
    assert.deepEqual(done, [5, 6, 7]);
    assert.equal(crashes.length, 1);
  });

  it('fails a sentence without harming the thread', async () => {
    const { pool, crashes } = makePool();
    await assert.rejects(pool.speak('fail', 'slt', never), (error) => error instanceof EngineError && !error.retryable && /as ordered/.test(error.message));
    assert.deepEqual(await pool.speak('next', 'slt', never), new Int16Array([4]));
    assert.equal(crashes.length, 0);
  });

  it('refuses a sentence when too many wait, and takes them again later', async () => {
    const { pool } = makePool({ maxWaiting: 2 });
    const taken = ['a', 'bb', 'ccc'].map((text) => pool.speak(text, 'slt', never));
    await assert.rejects(pool.speak('d', 'slt', never), (error) => error instanceof EngineError && error.retryable && /2 sentences wait/.test(error.message));
    assert.deepEqual((await Promise.all(taken)).map((samples) => samples?.[0]), [1, 2, 3]);
    assert.deepEqual(await pool.speak('dddd', 'slt', never), new Int16Array([4]));
  });

  it('frees the place of a waiting sentence that is aborted, and drops the result of one begun', async () => {
    const { pool } = makePool({ maxWaiting: 1 });
    const stop = new AbortController();
    const begun = pool.speak('begun', 'slt', stop.signal);
    const waiting = pool.speak('waiting', 'slt', stop.signal);
    stop.abort();
    const next = pool.speak('next', 'slt', never);
    assert.deepEqual(await Promise.all([begun, waiting]), [undefined, undefined]);
    assert.deepEqual(await next, new Int16Array([4]));
  });

  it('rejects what is unfinished when it is closed, and everything after', async () => {
    const { pool } = makePool();
    const unfinished = [pool.speak('one', 'slt', never), pool.speak('two', 'slt', never)].map((each) => assert.rejects(each, /closed/));
    await pool.close();
    await Promise.all(unfinished);
    await assert.rejects(pool.speak('three', 'slt', never), /closed/);
  });
});

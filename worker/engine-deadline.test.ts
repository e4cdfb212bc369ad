import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunksWithin, takeWithin, withinDeadline } from './engine-deadline.ts';
import { EngineError } from './speech/ports.ts';

const NEVER = new Promise<never>(() => undefined);
const LONG_MS = 60_000;

async function* stuckAfter(...chunks: string[]): AsyncGenerator<string> {
  yield* chunks;
  await NEVER;
}

test('what comes in time is passed on', async () => {
  assert.equal(await withinDeadline(Promise.resolve('words'), LONG_MS, 'it'), 'words');
  async function* two(): AsyncGenerator<string> {
    yield* ['one', 'two'];
    await Promise.resolve();
  }
  const heard: string[] = [];
  for await (const chunk of chunksWithin(two(), new AbortController().signal, LONG_MS, 'it')) heard.push(chunk);
  assert.deepEqual(heard, ['one', 'two']);
});

test('what never comes is an EngineError that names it', async () => {
  await assert.rejects(withinDeadline(NEVER, 1, 'the recognizer'), (error) => error instanceof EngineError && /the recognizer took longer/.test(error.message));
  const heard: string[] = [];
  await assert.rejects(async () => {
    for await (const chunk of chunksWithin(stuckAfter('one'), new AbortController().signal, 1, 'the responder')) heard.push(chunk);
  }, EngineError);
  assert.deepEqual(heard, ['one']);
});

test('whoever takes longer over a piece than the engine may is not kept waiting by it', async () => {
  async function* two(): AsyncGenerator<string> {
    yield* ['one', 'two'];
    await Promise.resolve();
  }
  const heard: string[] = [];
  for await (const chunk of chunksWithin(two(), new AbortController().signal, 1, 'the synthesizer')) {
    heard.push(chunk);
    // Timers fire in the order of their times: the deadline's has come before this one's.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.deepEqual(heard, ['one', 'two']);
});

test('an engine that does not heed its signal is left behind at once', async () => {
  const abort = new AbortController();
  const heard: string[] = [];
  for await (const chunk of chunksWithin(stuckAfter('one'), abort.signal, LONG_MS, 'it')) {
    heard.push(chunk);
    abort.abort();
  }
  assert.deepEqual(heard, ['one']);
});

test('a stream that is left early is told to stop', async () => {
  let stopped = false;
  async function* endless(): AsyncGenerator<string> {
    try {
      for (;;) {
        await Promise.resolve();
        yield 'more';
      }
    } finally {
      stopped = true;
    }
  }
  for await (const chunk of chunksWithin(endless(), new AbortController().signal, LONG_MS, 'it')) if (chunk === 'more') break;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stopped, true);
});

test('pieces are handed over in order, the next one only once the one before was taken', async () => {
  const acts: string[] = [];
  async function* four(): AsyncGenerator<number> {
    for (const piece of [1, 2, 3, 4]) {
      acts.push(`make ${piece}`);
      yield piece;
      await Promise.resolve();
    }
  }
  await takeWithin(four(), new AbortController().signal, LONG_MS, 'it', (piece) => {
    acts.push(`take ${piece}`);
    return piece % 2 === 1 ? undefined : new Promise((resolve) => setImmediate(() => {
      acts.push(`taken ${piece}`);
      resolve();
    }));
  });
  assert.deepEqual(acts, ['make 1', 'take 1', 'make 2', 'take 2', 'taken 2', 'make 3', 'take 3', 'make 4', 'take 4', 'taken 4']);
});

test('handing over ends with the signal, and fails with the engine, its deadline or who takes', async () => {
  const abort = new AbortController();
  const heard: string[] = [];
  await takeWithin(stuckAfter('one'), abort.signal, LONG_MS, 'it', (piece) => {
    heard.push(piece);
    setImmediate(() => abort.abort());
    return undefined;
  });
  assert.deepEqual(heard, ['one']);
  await assert.rejects(takeWithin(stuckAfter('one'), new AbortController().signal, 1, 'the synthesizer', () => undefined), /the synthesizer took longer than 1 ms/);
  async function* failing(): AsyncGenerator<string> {
    yield 'one';
    await Promise.reject(new Error('no more'));
  }
  await assert.rejects(takeWithin(failing(), new AbortController().signal, LONG_MS, 'it', () => undefined), /no more/);
  const refuse = (): never => {
    throw new Error('not this');
  };
  await assert.rejects(takeWithin(stuckAfter('one'), new AbortController().signal, LONG_MS, 'it', refuse), /not this/);
  await assert.rejects(takeWithin(stuckAfter('one'), new AbortController().signal, LONG_MS, 'it', () => Promise.reject(new Error('nor this'))), /nor this/);
  const aborted = AbortSignal.abort();
  await takeWithin(stuckAfter('one'), aborted, LONG_MS, 'it', refuse);
});

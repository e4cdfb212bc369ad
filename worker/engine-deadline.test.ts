import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunksWithin, withinDeadline } from './engine-deadline.ts';
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

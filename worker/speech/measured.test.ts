import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../shared/runtime/log.ts';
import { chunksWithin } from '../engine-deadline.ts';
import { measured, type EngineMeter } from './measured.ts';
import { EngineError, type EngineModule, type RecognizerStream, type ResponderChunk, type ResponderRequest } from './ports.ts';

const DEADLINE_MS = 30;
const CONTEXT = { env: {}, log: createLog({ tier: 'test', id: 'measured', level: 'error' }) };
const REQUEST: ResponderRequest = { agent: { instructions: '', speak_text: false, hints: [], language: 'en', engines: {} }, history: [], nowMs: 0, fleet: { workers: 1, slotsUsed: 0, slotsTotal: 1 } };

class Notes implements EngineMeter {
  readonly lines: string[] = [];

  known(need: string, engine: string): void {
    this.lines.push(`known ${need} ${engine}`);
  }

  took(need: string, engine: string, seconds: number): void {
    assert.ok(seconds >= 0 && seconds < 10, 'in seconds');
    this.lines.push(`took ${need} ${engine}`);
  }

  failed(need: string, engine: string): void {
    this.lines.push(`failed ${need} ${engine}`);
  }
}

/** An engine whose responder says so, and whose recognizer understands as given. */
function moduleOf(respond: (signal: AbortSignal) => AsyncIterable<ResponderChunk>, finish: RecognizerStream['finish']): EngineModule {
  const nothing = (): void => undefined;
  return {
    name: 'mine',
    recognizer: async () => ({
      name: 'mine', warm: nothing, close: async () => undefined,
      open: () => ({ push: nothing, pause: nothing, resume: nothing, abort: nothing, finish }),
    }),
    responder: async () => ({ name: 'mine', phrases: () => [], respond: (_request, signal) => respond(signal), close: async () => undefined }),
  };
}

async function* words(...texts: string[]): AsyncGenerator<ResponderChunk> {
  for (const text of texts) yield { kind: 'text', text };
}

async function* failing(): AsyncGenerator<ResponderChunk> {
  yield { kind: 'text', text: 'half' };
  throw new EngineError('cut', true);
}

async function* hanging(): AsyncGenerator<ResponderChunk> {
  await new Promise(() => undefined);
  yield { kind: 'text', text: 'never' };
}

/** Asks the measured responder the way turns do. Answers what was noted. */
async function noted(respond: () => AsyncIterable<ResponderChunk>, signal = new AbortController().signal): Promise<string[]> {
  const notes = new Notes();
  const { responder } = measured(moduleOf(respond, () => Promise.reject(new EngineError('unused', false))), notes, DEADLINE_MS);
  assert.ok(responder);
  const engine = await responder(CONTEXT);
  const heard: ResponderChunk[] = [];
  try {
    for await (const chunk of chunksWithin(engine.respond(REQUEST, signal), signal, DEADLINE_MS, 'the responder')) heard.push(chunk);
  } catch (error) {
    assert.ok(error instanceof EngineError);
  }
  return notes.lines.filter((line) => !line.startsWith('known'));
}

test('what a module offers is known before it is asked, what it does not offer stays absent', () => {
  const notes = new Notes();
  const module = measured(moduleOf(() => words(), () => Promise.reject(new Error('unused'))), notes, DEADLINE_MS);
  assert.deepEqual(notes.lines, ['known recognizer mine', 'known responder mine']);
  assert.deepEqual(Object.keys(module).sort(), ['name', 'recognizer', 'responder']);
});

test('a stream is measured until its first piece, once', async () => {
  assert.deepEqual(await noted(() => words('one', 'two')), ['took responder mine']);
  assert.deepEqual(await noted(() => words()), []);
});

test('a stream that breaks or keeps one waiting too long has failed', async () => {
  assert.deepEqual(await noted(failing), ['took responder mine', 'failed responder mine']);
  assert.deepEqual(await noted(hanging), ['failed responder mine']);
});

test('an answer that was cancelled is no failure', async () => {
  assert.deepEqual(await noted(hanging, AbortSignal.timeout(DEADLINE_MS / 3)), []);
});

test('a recognizer is measured until its final, and fails by its word, by its silence and where it cannot be made', async () => {
  const cases: readonly (readonly [RecognizerStream['finish'], string])[] = [
    [async () => ({ outcome: 'nothing' }), 'took recognizer mine'],
    [() => Promise.reject(new EngineError('no', true)), 'failed recognizer mine'],
    [() => new Promise(() => undefined), 'failed recognizer mine'],
  ];
  for (const [finish, expected] of cases) {
    const notes = new Notes();
    const { recognizer } = measured(moduleOf(() => words(), finish), notes, DEADLINE_MS);
    const engine = await recognizer?.(CONTEXT);
    await Promise.allSettled([engine?.open({ language: 'en', phrases: [] }, { onPartial: () => undefined }).finish()]);
    assert.equal(notes.lines.at(-1), expected);
  }
  const notes = new Notes();
  const broken = measured({ name: 'mine', recognizer: () => Promise.reject(new Error('no library')) }, notes, DEADLINE_MS);
  await assert.rejects(broken.recognizer?.(CONTEXT) ?? Promise.resolve());
  assert.equal(notes.lines.at(-1), 'failed recognizer mine');
});

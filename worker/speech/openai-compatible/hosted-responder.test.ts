import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { startOpenaiServer, type OpenaiServer } from '../../../shared/testing/openai-server.ts';
import { collect } from '../conformance/collect.ts';
import { EngineError, type HistoryItem, type ResponderChunk, type ResponderRequest } from '../ports.ts';
import { hostedFixture } from './hosted-fixture.ts';
import { chatMessages, HostedResponder, UNCLEAR_TURN } from './responder.ts';
import { readChatEndpoint } from './settings.ts';

const ANSWER = 'Grüß dich! Du sagst: ja 🌍';

function request(...history: HistoryItem[]): ResponderRequest {
  const agent = { instructions: 'Be brief.', language: 'de', hints: [], engines: {}, speak_text: false };
  return { agent, history, nowMs: 0, fleet: { workers: 1, slotsUsed: 0, slotsTotal: 1 } };
}

const asked = request({ role: 'caller', text: 'ja' });

describe('the hosted responder', { timeout: 180_000 }, () => {
  const fixture = hostedFixture();
  let server: OpenaiServer;
  beforeEach(async () => {
    server = await fixture.server();
    server.faults.length = 0;
  });

  async function respond(settings?: Record<string, string>, signal = new AbortController().signal): Promise<AsyncIterable<ResponderChunk>> {
    const { env } = await fixture.context(settings);
    return new HostedResponder(readChatEndpoint(env)).respond(asked, signal);
  }

  async function answer(settings?: Record<string, string>): Promise<string> {
    const chunks = await collect(await respond(settings));
    return chunks.map((chunk) => (chunk.kind === 'text' ? chunk.text : '')).join('');
  }

  it('sends instructions and history, an unclear turn told as such', () => {
    const messages = chatMessages(request({ role: 'agent', text: 'Hello.' }, { role: 'caller', text: '' }, { role: 'agent', text: 'What?' }, { role: 'caller', text: 'ja' }));
    assert.deepEqual(messages, [
      { role: 'system', content: 'Be brief.' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: UNCLEAR_TURN },
      { role: 'assistant', content: 'What?' },
      { role: 'user', content: 'ja' },
    ]);
  });

  it('leaves out what is long ago', () => {
    const history = Array.from({ length: 500 }, (_, place): HistoryItem => ({ role: 'caller', text: `turn ${place}` }));
    const messages = chatMessages(request(...history));
    assert.equal(messages.length, 101);
    assert.equal(messages.at(-1)?.content, 'turn 499');
  });

  it('streams the pieces as they are', async () => {
    const chunks = await collect(await respond());
    assert.deepEqual(chunks.map((chunk) => (chunk.kind === 'text' ? chunk.text : chunk.kind)), ['Grüß ', 'dich! ', 'Du sagst: ', 'ja', ' 🌍']);
    assert.equal(server.requests.at(-1)?.fields['stream'], true);
  });

  it('reads the same from a stream chopped at every byte', async () => {
    server.faults.push({ kind: 'chop', bytes: 1 });
    assert.equal(await answer(), ANSWER);
  });

  it('heeds Retry-After once, and does not wait for long', async () => {
    server.faults.push({ kind: 'status', status: 429, message: 'slow down', headers: { 'retry-after': '0' } });
    assert.equal(await answer(), ANSWER);
    const before = server.requests.length;
    server.faults.push({ kind: 'status', status: 429, message: 'slow down', headers: { 'retry-after': '60' } });
    await assert.rejects(answer(), (error: unknown) => error instanceof EngineError && error.retryable && error.message === 'status 429: slow down');
    assert.equal(server.requests.length - before, 1);
  });

  it('does not try again what the vendor refuses, and keeps the key to itself', async () => {
    const before = server.requests.length;
    await assert.rejects(answer({ CHAT_API_KEY: 'sk-other' }), (error: unknown) => {
      assert.ok(error instanceof EngineError);
      assert.equal(error.retryable, false);
      assert.match(error.message, /^status 401: Incorrect API key provided: Bearer \[key\]$/);
      return true;
    });
    assert.equal(server.requests.length - before, 1);
  });

  it('does not repeat what was said already when the stream is cut, stalls or ends short', async () => {
    for (const kind of ['cut', 'stall', 'short'] as const) {
      server.faults.push({ kind, after: 400 });
      const heard: ResponderChunk[] = [];
      const before = server.requests.length;
      await assert.rejects(
        async () => {
          for await (const chunk of await respond({ OPENAI_STALL_MS: '1000' })) heard.push(chunk);
        },
        (error: unknown) => error instanceof EngineError && error.retryable,
        kind,
      );
      assert.deepEqual(heard, [{ kind: 'text', text: 'Grüß ' }], kind);
      assert.equal(server.requests.length - before, 1);
    }
  });

  it('tries again when nothing was said yet', async () => {
    server.faults.push({ kind: 'short', after: 10 });
    assert.equal(await answer(), ANSWER);
    server.faults.push({ kind: 'stall', after: 'head' });
    assert.equal(await answer({ OPENAI_TIMEOUT_MS: '1000' }), ANSWER);
  });

  it('tells what a vendor says in the midst of a stream', async () => {
    const fault = { kind: 'body', body: 'data: {"error":{"message":"overloaded"}}\n\n' } as const;
    server.faults.push(fault, fault);
    await assert.rejects(answer(), /overloaded/);
  });

  it('gives the request up at once when it is stopped', async () => {
    server.faults.push({ kind: 'stall', after: 'head' });
    const stop = new AbortController();
    const before = server.requests.length;
    const answering = collect(await respond({}, stop.signal));
    while (server.requests.length === before) await new Promise(setImmediate);
    stop.abort();
    assert.deepEqual(await answering, []);
    while (server.pending() > 0) await new Promise(setImmediate);
  });

  it('says so when nobody listens at the address', async () => {
    const gone = await startOpenaiServer({ apiKey: '', transcribe: () => '', reply: () => [], speak: () => new Int16Array(0) });
    await gone.close();
    await assert.rejects(answer({ CHAT_BASE_URL: gone.baseUrl }), (error: unknown) => {
      assert.ok(error instanceof EngineError && error.retryable);
      assert.match(error.message, /ECONNREFUSED/);
      return true;
    });
  });

  it('uses one connection for turn after turn', async () => {
    await answer();
    const before = server.connections();
    for (let turn = 0; turn < 3; turn++) await answer();
    assert.equal(server.connections(), before);
  });
});

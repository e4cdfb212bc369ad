import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readChatEndpoint, readSpeechEndpoint, readTranscriptionEndpoint } from './settings.ts';

describe('settings of hosted engines', () => {
  it('default to OpenAI', () => {
    assert.deepEqual(readSpeechEndpoint({ OPENAI_API_KEY: 'sk-1' }), {
      baseUrl: 'https://api.openai.com/v1',
      apiKey: 'sk-1',
      model: 'gpt-4o-mini-tts',
      timeoutMs: 10_000,
      stallMs: 10_000,
      voice: 'alloy',
    });
    assert.equal(readTranscriptionEndpoint({ OPENAI_API_KEY: 'sk-1' }).model, 'gpt-4o-mini-transcribe');
    assert.equal(readChatEndpoint({ OPENAI_API_KEY: 'sk-1' }).model, 'gpt-4o-mini');
  });

  it('can be set need by need', () => {
    const env = { OPENAI_API_KEY: 'sk-1', CHAT_BASE_URL: 'http://localhost:11434/v1/', CHAT_API_KEY: 'ollama', CHAT_MODEL: 'llama' };
    const chat = readChatEndpoint(env);
    assert.deepEqual([chat.baseUrl, chat.apiKey, chat.model], ['http://localhost:11434/v1', 'ollama', 'llama']);
    assert.equal(readTranscriptionEndpoint(env).baseUrl, 'https://api.openai.com/v1');
    assert.equal(readTranscriptionEndpoint(env).apiKey, 'sk-1');
  });

  it('want a key for OpenAI, none for a server of one’s own', () => {
    assert.throws(() => readChatEndpoint({}), /CHAT_API_KEY: this or OPENAI_API_KEY is needed/);
    assert.equal(readChatEndpoint({ OPENAI_BASE_URL: 'http://127.0.0.1:8000/v1' }).apiKey, '');
  });

  it('list every mistake at once, never the key', () => {
    const env = { OPENAI_BASE_URL: 'ftp://x', CHAT_API_KEY: 'se cret', OPENAI_TIMEOUT_MS: 'soon', OPENAI_STALL_MS: '0' };
    assert.throws(() => readChatEndpoint(env), (error: unknown) => {
      assert.ok(error instanceof Error);
      for (const name of ['OPENAI_BASE_URL', 'CHAT_API_KEY', 'OPENAI_TIMEOUT_MS', 'OPENAI_STALL_MS']) assert.ok(error.message.includes(`- ${name}:`), name);
      assert.doesNotMatch(error.message, /se cret/);
      return true;
    });
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { writeWav } from '../audio/wav.ts';
import { startOpenaiServer, type OpenaiServer } from './openai-server.ts';

const options = {
  apiKey: 'sk-test',
  transcribe: (samples: Int16Array) => `${samples.length} samples`,
  reply: (lastMessage: string) => ['Grüß ', 'Gott, ', lastMessage],
  speak: (text: string) => Int16Array.from({ length: text.length * 100 }, (_, place) => place - 250),
};

describe('the server that speaks OpenAI’s interface, heard by OpenAI’s own client', () => {
  let server: OpenaiServer;
  let client: OpenAI;
  before(async () => {
    server = await startOpenaiServer(options);
    client = new OpenAI({ apiKey: 'sk-test', baseURL: server.baseUrl, maxRetries: 1 });
  });
  after(() => server.close());

  it('transcribes a WAV file', async () => {
    const file = await toFile(writeWav(new Int16Array(4321), 16_000), 'turn.wav');
    const transcription = await client.audio.transcriptions.create({ file, model: 'gpt-4o-mini-transcribe', language: 'en', prompt: 'hint' });
    assert.equal(transcription.text, '4321 samples');
    const { authorization, path, fields } = server.requests.at(-1) ?? assert.fail();
    assert.deepEqual([authorization, path], ['Bearer sk-test', '/v1/audio/transcriptions']);
    assert.equal(fields['prompt'], 'hint');
  });

  it('streams a chat completion, chopped inside characters too', async () => {
    server.faults.push({ kind: 'chop', bytes: 1 });
    const stream = await client.chat.completions.create({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Ada' }] });
    const texts: string[] = [];
    for await (const chunk of stream) texts.push(chunk.choices[0]?.delta.content ?? '');
    assert.equal(texts.join(''), 'Grüß Gott, Ada');
  });

  it('speaks PCM', async () => {
    const response = await client.audio.speech.create({ model: 'm', voice: 'alloy', input: 'hello', response_format: 'pcm' });
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.equal(bytes.length, 1000);
    assert.equal(bytes.readInt16LE(0), -250);
    assert.equal(bytes.readInt16LE(998), 249);
  });

  it('refuses as OpenAI does', async () => {
    const stranger = new OpenAI({ apiKey: 'sk-wrong', baseURL: server.baseUrl, maxRetries: 0 });
    await assert.rejects(stranger.audio.speech.create({ model: 'm', voice: 'alloy', input: 'x' }), OpenAI.AuthenticationError);
    await assert.rejects(client.chat.completions.create({ model: 'm', stream: true, messages: [] }), /'messages' is too short/);
    await assert.rejects(client.models.delete('m'), OpenAI.APIError);
  });

  it('has faults that OpenAI’s client meets as such', async () => {
    const speak = (): Promise<unknown> => client.audio.speech.create({ model: 'm', voice: 'alloy', input: 'hello', response_format: 'pcm' });
    server.faults.push({ kind: 'status', status: 429, message: 'slow down', headers: { 'retry-after-ms': '1' } });
    await speak();
    const twice = { kind: 'status', status: 429, message: 'slow down', headers: { 'retry-after-ms': '1' } } as const;
    server.faults.push(twice, twice);
    await assert.rejects(speak(), OpenAI.RateLimitError);
    server.faults.push({ kind: 'cut', after: 40 });
    const stream = await client.chat.completions.create({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Ada' }] });
    await assert.rejects(async () => {
      for await (const chunk of stream) assert.ok(chunk);
    });
  });
});

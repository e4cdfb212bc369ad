import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { OpenaiServer } from '../../../shared/testing/openai-server.ts';
import { collect } from '../conformance/collect.ts';
import { EngineError } from '../ports.ts';
import { hostedFixture, hostedSpeech } from './hosted-fixture.ts';
import { readSpeechEndpoint } from './settings.ts';
import { HostedSynthesizer, PcmReader } from './synthesizer.ts';

const TEXT = 'Guten Tag.';

describe('the hosted synthesizer', { timeout: 180_000 }, () => {
  const fixture = hostedFixture();
  let server: OpenaiServer;
  beforeEach(async () => {
    server = await fixture.server();
    server.faults.length = 0;
  });

  async function speak(text = TEXT, voice?: string, settings?: Record<string, string>): Promise<number[]> {
    const { env } = await fixture.context(settings);
    const synthesizer = new HostedSynthesizer(readSpeechEndpoint(env));
    const chunks = await collect(synthesizer.synthesize({ text, voice, language: 'de' }, new AbortController().signal));
    assert.ok(chunks.every((chunk) => chunk.sampleRateHz === 24_000));
    return chunks.flatMap((chunk) => [...chunk.samples]);
  }

  it('speaks what the vendor sends, sample for sample', async () => {
    assert.deepEqual(await speak(), [...hostedSpeech(TEXT)]);
    assert.deepEqual(server.requests.at(-1)?.fields, { model: 'gpt-4o-mini-tts', voice: 'alloy', input: TEXT, response_format: 'pcm' });
  });

  it('does so from chunks of an odd number of bytes', async () => {
    for (const bytes of [1001, 333]) {
      server.faults.push({ kind: 'chop', bytes });
      assert.deepEqual(await speak(), [...hostedSpeech(TEXT)]);
    }
  });

  it('uses a known voice and its own for an unknown one', async () => {
    await speak(TEXT, 'nova');
    assert.equal(server.requests.at(-1)?.fields['voice'], 'nova');
    await speak(TEXT, 'nobody', { SPEECH_VOICE: 'af_heart' });
    assert.equal(server.requests.at(-1)?.fields['voice'], 'af_heart');
  });

  it('tries again after 429 with nothing spoken, not in the midst of a sentence', async () => {
    server.faults.push({ kind: 'status', status: 429, message: 'slow down', headers: { 'retry-after-ms': '1' } });
    assert.deepEqual(await speak(), [...hostedSpeech(TEXT)]);
    for (const kind of ['cut', 'stall'] as const) {
      const before = server.requests.length;
      server.faults.push({ kind, after: 1001 });
      await assert.rejects(speak(TEXT, undefined, { OPENAI_STALL_MS: '1000' }), (error: unknown) => error instanceof EngineError && error.retryable);
      assert.equal(server.requests.length - before, 1, kind);
    }
  });

  it('does not take an empty answer for speech', async () => {
    server.faults.push({ kind: 'body', body: '' }, { kind: 'body', body: '' });
    await assert.rejects(speak(), /the speech is empty/);
  });

  it('refuses a WAV file in place of bare samples: its header would be heard', async () => {
    server.faults.push({ kind: 'body', body: 'RIFF0000WAVEfmt ' });
    await assert.rejects(speak(), /WAV file.*"pcm"/);
  });

  it('asks nobody to speak what cannot be spoken', async () => {
    const before = server.requests.length;
    assert.deepEqual(await speak(' … “”'), []);
    assert.equal(server.requests.length, before);
  });
});

describe('samples out of bytes', () => {
  it('are the same wherever the bytes are cut', () => {
    const bytes = Uint8Array.of(0x01, 0x80, 0xff, 0x7f, 0x00, 0x00, 0xfe, 0xff);
    const expected = [-32_767, 32_767, 0, -2];
    for (let one = 0; one <= 8; one++) {
      for (let two = one; two <= 8; two++) {
        const reader = new PcmReader();
        const pieces = [bytes.subarray(0, one), bytes.subarray(one, two), bytes.subarray(two)];
        assert.deepEqual(pieces.flatMap((piece) => [...reader.push(piece)]), expected, `${one} ${two}`);
      }
    }
  });
});

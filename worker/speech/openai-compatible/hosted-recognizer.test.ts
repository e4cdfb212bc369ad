import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { OpenaiServer } from '../../../shared/testing/openai-server.ts';
import { silence } from '../conformance/recordings.ts';
import { EngineError, type RecognizerStream } from '../ports.ts';
import { hostedFixture } from './hosted-fixture.ts';
import { biasPrompt, HostedRecognizer } from './recognizer.ts';
import { readTranscriptionEndpoint } from './settings.ts';
import { MAX_TURN_SAMPLES, TurnAudio } from './turn-audio.ts';

const SECOND = new Int16Array(16_000).fill(1000);

describe('the hosted recognizer', { timeout: 180_000 }, () => {
  const fixture = hostedFixture();
  let server: OpenaiServer;
  beforeEach(async () => {
    server = await fixture.server();
    server.faults.length = 0;
  });

  async function open(settings?: Record<string, string>): Promise<RecognizerStream> {
    const { env } = await fixture.context(settings);
    return new HostedRecognizer(readTranscriptionEndpoint(env)).open({ language: 'de-AT', phrases: ['hin', 'her'] });
  }

  it('sends the whole turn as one WAV with model, language and phrases', async () => {
    const stream = await open({ TRANSCRIPTION_MODEL: 'whisper-1' });
    for (let i = 0; i < 7; i++) stream.push(SECOND);
    assert.deepEqual(await stream.finish(), { outcome: 'words', text: '7.0 seconds' });
    const { fields, samples } = server.requests.at(-1) ?? assert.fail();
    assert.deepEqual({ ...fields }, { model: 'whisper-1', response_format: 'json', language: 'de', prompt: 'hin, her' });
    assert.equal(samples.length, 7 * 16_000);
  });

  it('takes an empty text for nothing said and asks nobody about less than a tenth of a second', async () => {
    const quiet = await open();
    quiet.push(silence(1000));
    assert.deepEqual(await quiet.finish(), { outcome: 'nothing' });
    const before = server.requests.length;
    const short = await open();
    short.push(SECOND.subarray(0, 1599));
    assert.deepEqual(await short.finish(), { outcome: 'nothing' });
    assert.equal(server.requests.length, before);
  });

  it('begins when the caller pauses and asks once', async () => {
    const stream = await open();
    stream.push(SECOND);
    stream.pause();
    stream.push(silence(500));
    const before = server.requests.length;
    assert.deepEqual(await stream.finish(), { outcome: 'words', text: '1.0 seconds' });
    assert.equal(server.requests.length - before, 1);
  });

  it('gives a begun request up when the caller speaks on', async () => {
    server.faults.push({ kind: 'stall', after: 'head' });
    const stream = await open();
    stream.push(SECOND);
    stream.pause();
    const before = server.requests.length;
    while (server.requests.length === before) await new Promise(setImmediate);
    stream.resume();
    while (server.pending() > 0) await new Promise(setImmediate);
    stream.push(SECOND);
    assert.deepEqual(await stream.finish(), { outcome: 'words', text: '2.0 seconds' });
  });

  it('tries once more after a fault that may pass, and no more', async () => {
    const fault = { kind: 'status', status: 500, message: 'oops' } as const;
    server.faults.push(fault);
    const lucky = await open();
    lucky.push(SECOND);
    assert.deepEqual(await lucky.finish(), { outcome: 'words', text: '1.0 seconds' });
    server.faults.push(fault, fault, fault);
    const unlucky = await open();
    unlucky.push(SECOND);
    await assert.rejects(unlucky.finish(), (error: unknown) => error instanceof EngineError && error.retryable && error.message === 'status 500: oops');
    assert.equal(server.faults.length, 1);
  });

  it('takes a late final and refuses one that is too late', async () => {
    server.faults.push({ kind: 'late', ms: 50 });
    const late = await open();
    late.push(SECOND);
    assert.equal((await late.finish()).outcome, 'words');
    server.faults.push({ kind: 'stall', after: 'head' }, { kind: 'stall', after: 5 });
    const never = await open({ OPENAI_TIMEOUT_MS: '1000', OPENAI_STALL_MS: '90' });
    never.push(SECOND);
    await assert.rejects(never.finish(), /the answer stalled: nothing more within 90 ms/);
  });

  it('says what is wrong with an answer that is no transcription', async () => {
    server.faults.push({ kind: 'body', body: '{"txt":"x"}' });
    const stream = await open();
    stream.push(SECOND);
    await assert.rejects(stream.finish(), /no text/);
  });
});

describe('a turn’s audio', () => {
  it('is bounded: what comes too late is left out', () => {
    const audio = new TurnAudio();
    const minute = new Int16Array(60 * 16_000).fill(7);
    for (let i = 0; i < 6; i++) audio.push(minute);
    assert.equal(audio.samples.length, MAX_TURN_SAMPLES);
    assert.equal(audio.samples.at(-1), 7);
  });
});

describe('the prompt of phrases', () => {
  it('holds whole phrases, as many as fit', () => {
    assert.equal(biasPrompt([]), '');
    const prompt = biasPrompt(Array.from({ length: 100 }, (_, place) => `phrase number ${place}`));
    assert.ok(prompt.length <= 800 && prompt.length > 750);
    assert.match(prompt, /phrase number \d+$/);
  });
});

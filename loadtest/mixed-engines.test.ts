import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { samplesFromPcm } from '../shared/audio/pcm.ts';
import { startFleet, type Fleet } from '../shared/testing/fleet.ts';
import { startOpenaiServer, type OpenaiServer } from '../shared/testing/openai-server.ts';
import { SpokenCall } from './spoken-call.ts';

const API_KEY = 'sk-of-this-test';
const HOSTED_RATE_HZ = 24_000;
const PATIENCE_MS = 60_000;
const ENGINES = { voice_activity: 'embedded', recognizer: 'openai', responder: 'openai', synthesizer: 'openai' };

describe('a call whose voice activity is embedded and whose other engines are hosted', { timeout: 280_000 }, () => {
  let vendor: OpenaiServer;
  let fleet: Fleet;

  before(async () => {
    vendor = await startOpenaiServer({
      apiKey: API_KEY,
      transcribe: (samples) => (samples.length > 8000 ? 'Go forward, ten meters.' : ''),
      reply: (last) => ['You ', 'said: ', last, ' Shall', ' I?'],
      speak: (text) => Int16Array.from({ length: (text.length * HOSTED_RATE_HZ) / 20 }, (_, i) => Math.round(9000 * Math.sin((2 * Math.PI * 440 * i) / HOSTED_RATE_HZ))),
    });
    fleet = await startFleet({ workerEnv: { OPENAI_BASE_URL: vendor.baseUrl, OPENAI_API_KEY: API_KEY } });
  });
  after(async () => {
    await fleet.stop();
    await vendor.close();
  });

  function call(): Promise<SpokenCall> {
    const speech = samplesFromPcm(Uint8Array.from(readFileSync('/usr/share/pocketsphinx/test/data/goforward.raw')));
    return SpokenCall.place({ gatewayUrl: fleet.gatewayUrls[0] ?? '', agent: { instructions: 'Be brief.', engines: ENGINES }, speech });
  }

  test('hears, thinks and speaks through them, sentence by sentence', async () => {
    const caller = await call();
    assert.deepEqual(await caller.finished(PATIENCE_MS), { kind: 'answered' });
    assert.deepEqual(caller.transcripts('caller'), ['Go forward, ten meters.']);
    assert.deepEqual(caller.transcripts('agent'), ['You said: Go forward, ten meters.', 'Shall I?']);
    assert.ok(caller.heard.some((sample) => Math.abs(sample) > 5000));
    assert.deepEqual([...new Set(vendor.requests.map(({ path }) => path))].sort(), ['/v1/audio/speech', '/v1/audio/transcriptions', '/v1/chat/completions']);
    await caller.hangUp();
  });

  test('a vendor that fails costs one turn, is told, and the next call is served', async () => {
    vendor.faults.push(...Array.from({ length: 4 }, () => ({ kind: 'status' as const, status: 500, message: 'no luck' })));
    const unlucky = await call();
    await unlucky.until(() => unlucky.notices.some((notice) => notice.type === 'error' && notice.code === 'recognizer_failed'));
    await unlucky.hangUp();
    vendor.faults.length = 0;
    const caller = await call();
    assert.deepEqual(await caller.finished(PATIENCE_MS), { kind: 'answered' });
    await caller.hangUp();
  });
});

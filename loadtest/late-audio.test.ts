import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { samplesFromPcm } from '../shared/audio/pcm.ts';
import { startFleet, type Fleet } from '../shared/testing/fleet.ts';
import { SpokenCall } from './spoken-call.ts';

const WORDS = 'go forward ten meters';
const AGENT = { instructions: 'repeat', hints: [WORDS, 'go back five meters', 'turn left', 'turn right', 'stop the car'] };
/** Longer than the pause that ends a turn and the second after which audio counts as stopped, together. */
const OUTAGE_MS = 3000;

describe('NATS that is away in the middle of an utterance', { timeout: 180_000 }, () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet({ gateways: 1, workers: 1 });
  });
  after(() => fleet.stop());

  test('cuts nothing: the utterance is one turn with all its words', async () => {
    const caller = await SpokenCall.place({ gatewayUrl: fleet.gatewayUrls[0] ?? '', agent: AGENT, speech: recording('goforward.raw') });
    await caller.until(() => caller.notices.some(({ type }) => type === 'transcript'));
    const [nats] = fleet.natsServers;
    assert.ok(nats);
    await nats.kill();
    await sleep(OUTAGE_MS);
    await nats.restart();
    await caller.until(() => caller.transcripts('agent').length > 0);
    assert.deepEqual(caller.transcripts('caller'), [WORDS]);
    assert.equal(caller.notices.filter(({ type }) => type === 'speech_started').length, 1);
    await caller.hangUp();
  });
});

/** A 16 kHz recording of Debian's pocketsphinx-testdata, by file name. */
function recording(file: string): Int16Array {
  return samplesFromPcm(Uint8Array.from(readFileSync(`/usr/share/pocketsphinx/test/data/${file}`)));
}

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { samplesFromPcm } from '../shared/audio/pcm.ts';
import type { AgentRequest } from '../shared/client/session-request.ts';
import type { VoiceClientState } from '../shared/client/voice-client.ts';
import { LATENCY_STAGES } from '../shared/protocol/agent-event.ts';
import { isIncarnationOf } from '../shared/runtime/incarnation.ts';
import { createLog } from '../shared/runtime/log.ts';
import { recordKey } from '../shared/session/record.ts';
import { connectRedis } from '../shared/session/redis.ts';
import { startFleet, type Fleet } from '../shared/testing/fleet.ts';
import { SpokenCall } from './spoken-call.ts';

const WORDS = 'go forward ten meters';
const HINTS = [WORDS, 'go back five meters', 'turn left', 'turn right', 'stop the car', 'what is your position'];
/** More than any answer takes. */
const PATIENCE_MS = 60_000;
/** The header of a canonical RIFF file, in samples. */
const WAV_HEADER_SAMPLES = 22;
const REPEAT = { instructions: 'repeat', hints: HINTS };

describe('a call with human speech', { timeout: 280_000 }, () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet({ gateways: 2, workers: 2 });
  });
  after(() => fleet.stop());

  function call(speech: Int16Array, agent: AgentRequest = REPEAT, gateway = 0): Promise<SpokenCall> {
    return SpokenCall.place({ gatewayUrl: fleet.gatewayUrls[gateway] ?? '', agent, speech });
  }

  test('what was said comes out as the final transcript, and the speech that answers says the right words itself', async () => {
    const caller = await call(recording('goforward.raw'));
    assert.deepEqual(await caller.finished(PATIENCE_MS), { kind: 'answered' });
    const answer = caller.heard;
    assert.deepEqual(caller.transcripts('caller'), [WORDS]);
    assert.deepEqual(caller.transcripts('agent'), [WORDS]);
    await caller.hangUp();

    const listener = await call(answer, REPEAT, 1);
    await listener.until(() => listener.transcripts('caller').length > 0);
    assert.deepEqual(listener.transcripts('caller'), [WORDS]);
    await listener.hangUp();
  });

  test('the latency of a turn is told by stages that add up to the whole', async () => {
    const caller = await call(recording('goforward.raw'));
    const turn = await caller.until(() => caller.notices.find((notice) => notice.type === 'turn'));
    assert.deepEqual(Object.keys(turn.stages_ms).sort(), [...LATENCY_STAGES].sort());
    const sum = Object.values(turn.stages_ms).reduce((total, ms) => total + ms, 0);
    assert.ok(Math.abs(sum - turn.mouth_to_ear_ms) < 0.02, `${sum} is ${turn.mouth_to_ear_ms}`);
    await caller.hangUp();
  });

  test('speech that is far from everything the agent knows is asked again, not guessed', async () => {
    const caller = await call(recording('librivox/sense_and_sensibility_01_austen_64kb-0870.wav').subarray(WAV_HEADER_SAMPLES), { instructions: 'help the caller' });
    await caller.until(() => caller.transcripts('agent').length > 0);
    assert.equal(caller.transcripts('caller')[0], '');
    await caller.hangUp();
  });

  test('a worker that dies in the middle of an utterance costs the caller no word', async () => {
    const caller = await call(recording('goforward.raw'));
    await caller.until(() => caller.notices.some((notice) => notice.type === 'transcript' && notice.text.includes('forward')));
    const owner = await ownerOf(caller);
    await owner.kill('SIGKILL');
    await caller.until(() => caller.notices.some((notice) => notice.type === 'error' && notice.code === 'worker_lost'));
    await caller.until(() => caller.transcripts('caller').length > 0);
    assert.deepEqual(caller.transcripts('caller'), [WORDS]);
    await caller.until(() => caller.transcripts('agent').length > 0);
    assert.deepEqual(caller.transcripts('agent'), [WORDS]);
    await caller.hangUp();
  });

  test('a gateway that dies in the middle of an utterance costs the caller no word: the call goes on at another one', async () => {
    const [doomed, other] = fleet.gateways;
    assert.ok(doomed && other);
    const states: VoiceClientState[] = [];
    const caller = await SpokenCall.place({
      gatewayUrl: doomed.url, otherGatewayUrls: [other.url], agent: REPEAT, speech: recording('goforward.raw'), onState: (state) => states.push(state),
    });
    await caller.until(() => caller.notices.some((notice) => notice.type === 'transcript' && notice.text.includes('forward')));
    await doomed.kill('SIGKILL');
    await caller.until(() => caller.transcripts('agent').length > 0);
    assert.deepEqual(caller.transcripts('caller'), [WORDS]);
    assert.deepEqual(caller.transcripts('agent'), [WORDS]);
    assert.deepEqual(states.map(({ name }) => name), ['open', 'ready', 'reconnecting', 'ready']);
    await caller.hangUp();
  });

  test('a gateway that is shut down is left before it goes: the caller hears no gap', async () => {
    const leaving = fleet.gateways[1];
    assert.ok(leaving);
    const other = await fleet.addGateway();
    const states: VoiceClientState[] = [];
    const caller = await SpokenCall.place({
      gatewayUrl: leaving.url, otherGatewayUrls: [other.url], agent: REPEAT, speech: recording('goforward.raw'), onState: (state) => states.push(state),
    });
    await caller.until(() => caller.notices.some((notice) => notice.type === 'transcript'));
    await leaving.kill('SIGTERM');
    await caller.until(() => caller.transcripts('agent').length > 0);
    assert.deepEqual(caller.transcripts('caller'), [WORDS]);
    assert.deepEqual(caller.transcripts('agent'), [WORDS]);
    // Callers are asked to leave spread over a while: this one may be asked after the answer.
    await caller.until(() => states.length > 2);
    assert.deepEqual(states.map(({ name }) => name), ['open', 'ready', 'ready']);
    await leaving.exited;
    await caller.hangUp();
  });

  /** The worker whose lease is on the caller's session. */
  async function ownerOf({ sessionId }: SpokenCall): Promise<Fleet['workers'][number]> {
    const redis = await connectRedis(fleet.redisUrl, createLog({ tier: 'test', id: 'conversation', level: 'error' }));
    const owner = await redis.hget(recordKey(sessionId), 'owner');
    redis.disconnect();
    const worker = fleet.workers.find(({ id }) => owner !== null && isIncarnationOf(owner, id));
    assert.ok(worker, `${owner} is a worker of the fleet`);
    return worker;
  }
});

/** A 16 kHz recording of Debian's pocketsphinx-testdata, by file name. */
function recording(file: string): Int16Array {
  return samplesFromPcm(Uint8Array.from(readFileSync(`/usr/share/pocketsphinx/test/data/${file}`)));
}

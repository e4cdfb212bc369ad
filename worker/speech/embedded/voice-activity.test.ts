import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { readWav } from '../../../shared/audio/wav.ts';
import { createLog } from '../../../shared/runtime/log.ts';
import { SpeechGate, type SpeechFact } from '../../turn/speech-gate.ts';
import { frames, goForward, goSomewhere, joined, silence } from '../conformance/recordings.ts';
import { INTERNAL_RATE_HZ, type EngineError, type VoiceActivity } from '../ports.ts';
import { MAX_WINDOWS_IN_FLIGHT, SileroHost } from './silero-host.ts';
import { WINDOW_SAMPLES } from './silero-messages.ts';
import { createEmbeddedVoiceActivity } from './voice-activity.ts';

const RECORDINGS = '/usr/share/pocketsphinx/test/data';
const DEADLY_SAMPLE = 12_345;
/** The real thread, but one that dies of a certain sample. */
const FRAGILE_THREAD = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    await import('${new URL('./silero-thread.js', import.meta.url).href}');
    parentPort.on('message', ({ samples }) => {
      if (samples[0] === ${DEADLY_SAMPLE}) throw new Error('deadly sample');
    });
  `)}`,
);
const log = createLog({ tier: 'test', id: 'voice-activity', level: 'silent' });

describe('embedded voice activity on real audio', () => {
  let engine: VoiceActivity;
  before(async () => {
    engine = await createEmbeddedVoiceActivity({ env: {}, log });
  });
  after(() => engine.close());

  it('hears human speech through most of a read novel', async () => {
    for (const part of ['0870', '0880', '0890']) {
      const { samples, sampleRateHz } = readWav(readFileSync(`${RECORDINGS}/librivox/sense_and_sensibility_01_austen_64kb-${part}.wav`));
      assert.equal(sampleRateHz, INTERNAL_RATE_HZ);
      const probabilities = await hear(engine, samples);
      const loud = probabilities.filter((_, index) => level(samples, index) > 300);
      const hit = loud.filter((probability) => probability >= 0.5).length / loud.length;
      assert.ok(hit > 0.95, `${part}: ${hit} of the loud windows are speech`);
    }
  });

  it('finds the words in spoken card names', async () => {
    for (const card of ['001', '002', '003', '004', '005']) {
      const { samples } = readWav(readFileSync(`${RECORDINGS}/cards/${card}.wav`));
      const facts = await factsOf(engine, joined(samples, silence(1000)));
      assert.ok(facts.some(({ type }) => type === 'speech_started'), `${card}: nothing heard`);
      assert.ok(facts.some(({ type }) => type === 'speech_ended'), `${card}: no end heard`);
    }
  });

  const NO_SPEECH: readonly (readonly [string, (at: number) => number])[] = [
    ['digital silence', () => 0],
    ['low noise', noise(60)],
    ['a 1 kHz tone', (at) => 8000 * Math.sin((2 * Math.PI * 1000 * at) / INTERNAL_RATE_HZ)],
    ['mains hum with its harmonics', (at) => [50, 100, 150, 250].reduce((sum, hz) => sum + 1500 * Math.sin((2 * Math.PI * hz * at) / INTERNAL_RATE_HZ), 0)],
    ['a click every 300 ms', (at) => (at % 4800 < 8 ? 20_000 : 0)],
  ];
  for (const [name, sampleAt] of NO_SPEECH) {
    it(`takes ${name} for no speech`, async () => {
      assert.deepEqual(await factsOf(engine, Int16Array.from({ length: 4 * INTERNAL_RATE_HZ }, (_, at) => sampleAt(at))), []);
    });
  }

  for (const [name, recording] of [['go forward ten meters', goForward()], ['go somewhere and do something', goSomewhere()]] as const) {
    it(`hears "${name}" between two seconds of silence as one utterance`, async () => {
      const { samples } = recording;
      const facts = await factsOf(engine, joined(silence(1000), samples, silence(1000)));
      const [started, ended, ...silences] = facts;
      assert.ok(started?.type === 'speech_started' && ended?.type === 'speech_ended');
      const [first, last] = loudSpan(samples);
      assert.ok(Math.abs(started.atMs - 1000 - first) < 150, `starts at ${started.atMs}, loud from ${1000 + first}`);
      assert.ok(Math.abs(ended.atMs - 1000 - last) < 250, `ends at ${ended.atMs}, loud until ${1000 + last}`);
      assert.ok(silences.length > 0 && silences.every(({ type }) => type === 'silence'));
    });
  }

  it('gives interleaved callers what each gets alone', async () => {
    const callers = [goForward().samples, goSomewhere().samples, silence(2000), joined(silence(300), goForward().samples)];
    const alone: number[][] = [];
    for (const caller of callers) alone.push(await hear(engine, caller));
    assert.deepEqual(await Promise.all(callers.map((caller) => hear(engine, caller))), alone);
  });

  it('takes a whole replay of 30 s at once', async () => {
    assert.equal((await hear(engine, silence(30_000), 480_000)).length, 937);
  });

  it('fails a stream that is too far behind, once, and not from within push', async () => {
    const failures: EngineError[] = [];
    const failed = new Promise<void>((resolve) => {
      const stream = engine.open({
        onWindow: () => assert.fail('nothing was answered yet'),
        onFailure: (error) => {
          failures.push(error);
          resolve();
        },
      });
      stream.push(new Int16Array(WINDOW_SAMPLES * (MAX_WINDOWS_IN_FLIGHT + 1)));
      assert.equal(failures.length, 0);
      stream.push(new Int16Array(WINDOW_SAMPLES * 5));
    });
    await failed;
    assert.equal(failures.length, 1);
    assert.equal(failures[0]?.retryable, true);
    assert.equal((await hear(engine, silence(320))).length, 10);
  });
});

describe('embedded voice activity in trouble', () => {
  it('fails every open stream when its thread dies and hears new ones on the next', async () => {
    const host = new SileroHost(FRAGILE_THREAD, log);
    await host.ready;
    const failures = Array.from({ length: 3 }, () => new Promise<EngineError>((resolve) => host.open({ onWindow: () => undefined, onFailure: resolve })));
    host.open({ onWindow: () => undefined, onFailure: () => undefined }).push(new Int16Array(WINDOW_SAMPLES).fill(DEADLY_SAMPLE));
    for (const error of await Promise.all(failures)) {
      assert.match(error.message, /deadly sample/);
      assert.equal(error.retryable, true);
    }
    assert.equal(host.size, 0);
    const { samples } = goForward();
    assert.equal((await hear(host, samples)).length, Math.floor(samples.length / WINDOW_SAMPLES));
    await host.close();
  });

  it('is not ready where its thread cannot start', async () => {
    const host = new SileroHost(new URL('./no-such-thread.js', import.meta.url), log);
    await assert.rejects(host.ready, { name: 'EngineError' });
    await host.close();
  });

  it('spreads callers over its threads', async () => {
    const engine = await createEmbeddedVoiceActivity({ env: { VAD_THREADS: '2' }, log });
    const { samples } = goSomewhere();
    const [first, second, third] = await Promise.all([hear(engine, samples), hear(engine, samples), hear(engine, samples)]);
    assert.deepEqual([second, third], [first, first]);
    await engine.close();
  });

  it('refuses a number of threads that is none', async () => {
    await assert.rejects(createEmbeddedVoiceActivity({ env: { VAD_THREADS: 'many' }, log }), { name: 'ConfigError', message: /VAD_THREADS.*whole number/ });
  });

  it('is closed in the midst of its work without harm to the process', async () => {
    for (let round = 0; round < 10; round += 1) {
      const engine = await createEmbeddedVoiceActivity({ env: {}, log });
      const isHeard = new Promise<void>((resolve) => {
        for (let stream = 0; stream < 16; stream += 1) engine.open({ onWindow: () => resolve(), onFailure: () => undefined }).push(silence(3200));
      });
      await isHeard;
      await engine.close();
    }
  });

  it('calls nothing back after it was closed', async () => {
    const engine = await createEmbeddedVoiceActivity({ env: {}, log });
    const stream = engine.open({ onWindow: () => assert.fail('heard'), onFailure: () => assert.fail('failed') });
    stream.push(silence(320));
    await engine.close();
    stream.push(silence(320));
  });
});

/** Where a caller's audio may be heard: the engine or one of its hosts. */
type Opener = Pick<VoiceActivity, 'open'>;

/** The probability of each window of this audio, pushed in odd pieces while the event loop turns. */
async function hear(engine: Opener, samples: Int16Array, pieceSamples = 731): Promise<number[]> {
  const probabilities: number[] = [];
  const windows = Math.floor(samples.length / WINDOW_SAMPLES);
  await new Promise<void>((resolve, reject) => {
    const stream = engine.open({
      onWindow: (probability, endSample) => {
        probabilities.push(probability);
        assert.equal(endSample, probabilities.length * WINDOW_SAMPLES);
        if (probabilities.length === windows) resolve();
      },
      onFailure: reject,
    });
    const pieces = frames(samples, pieceSamples);
    const pushNext = (): void => {
      const piece = pieces.next();
      if (piece.done === true) return;
      stream.push(piece.value);
      setImmediate(pushNext);
    };
    pushNext();
  });
  return probabilities;
}

async function factsOf(engine: Opener, samples: Int16Array): Promise<SpeechFact[]> {
  const gate = new SpeechGate();
  return (await hear(engine, samples)).flatMap((probability, index) => gate.onWindow(probability, (index + 1) * WINDOW_SAMPLES));
}

/** The same noise each time, of this amplitude. */
function noise(amplitude: number): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return ((state >> 16) / 32_768) * amplitude;
  };
}

/** Root mean square of one window. */
function level(samples: Int16Array, window: number): number {
  const part = samples.subarray(window * WINDOW_SAMPLES, (window + 1) * WINDOW_SAMPLES);
  return Math.sqrt(part.reduce((sum, sample) => sum + sample * sample, 0) / part.length);
}

/** From when to when a recording is loud, in milliseconds. */
function loudSpan(samples: Int16Array): readonly [number, number] {
  const loud = Array.from({ length: Math.floor(samples.length / WINDOW_SAMPLES) }, (_, window) => window).filter((window) => level(samples, window) > 300);
  return [(loud[0] ?? NaN) * 32, ((loud.at(-1) ?? NaN) + 1) * 32];
}

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { createLog } from '../../../shared/runtime/log.ts';
import { EngineError, type FinalTranscript, type RecognitionBias, type Recognizer, type RecognizerStream } from '../ports.ts';
import { createEmbeddedRecognizer } from './recognizer.ts';

const RECORDINGS = '/usr/share/pocketsphinx/test/data';
const WAV_HEADER_BYTES = 44;
const FRAME_SAMPLES = 320;

/** Human recordings and what is said in them, from Debian's pocketsphinx-testdata. */
const KNOWN = {
  'cards/001.wav': 'ten of clubs',
  'cards/002.wav': 'four queen of clubs',
  'cards/003.wav': 'seven of clubs',
  'cards/004.wav': 'five five',
  'cards/005.wav': 'eight of spades four of clubs seven of hearts',
  'goforward.raw': 'go forward ten meters',
  'something.raw': 'go somewhere and do something',
} as const;
const NOVEL = ['0870', '0880', '0890', '0920', '0930'].map((part) => `librivox/sense_and_sensibility_01_austen_64kb-${part}.wav`);

const OTHER_PHRASES = [
  'hello', 'hi there', 'good morning', 'who are you', 'what can you do', 'what is voxfleet', 'how are you', 'how is the fleet', 'how busy are you',
  'how many workers are there', 'what time is it', "what's the date", 'what day is it', 'count to ten', 'count to 5', 'count from three to nine', 'repeat after me',
  'repeat', 'spell hello', 'spell your name', 'what is three plus four', 'what is 7 times 8', 'what is twenty minus eleven', 'how much is nine divided by three',
  'goodbye', 'bye', 'thank you', 'thanks', 'yes', 'no', 'stop', 'help', 'please repeat that', 'say that again', 'tell me a joke', 'what is your name', 'hang up',
  'end the call', 'tell me about yourself', 'turn it off',
];
const BIAS: RecognitionBias = { language: 'en-US', phrases: [...Object.values(KNOWN), ...OTHER_PHRASES] };

const log = createLog({ tier: 'test', id: 'recognizer', level: 'silent' });
const options = { timeout: 180_000 };

describe('embedded recognizer', () => {
  let recognizer: Recognizer;
  before(async () => {
    recognizer = await createEmbeddedRecognizer({ env: { RECOGNIZER_THREADS: '2' }, log });
    recognizer.warm(BIAS);
  });
  after(() => recognizer.close());

  for (const [file, text] of Object.entries(KNOWN)) {
    it(`understands a human say "${text}" among ${BIAS.phrases.length} phrases`, options, async () => {
      assert.deepEqual(await understand(recognizer, recording(file)), words(text));
    });
  }

  for (const file of NOVEL) {
    it(`finds ${file} unclear: nothing in it was expected`, options, async () => {
      assert.deepEqual(await understand(recognizer, recording(file)), { outcome: 'unclear' });
    });
  }

  it('finds nothing in silence and in no audio', options, async () => {
    assert.deepEqual(await understand(recognizer, new Int16Array(16_000)), { outcome: 'nothing' });
    assert.deepEqual(await understand(recognizer, new Int16Array(0)), { outcome: 'nothing' });
  });

  it('keeps interleaved turns apart', options, async () => {
    const [one, two] = [new Turn(recognizer), new Turn(recognizer)];
    const [forward, cards] = [frames(recording('goforward.raw')), frames(recording('cards/005.wav'))];
    for (let index = 0; index < Math.max(forward.length, cards.length); index += 1) {
      one.stream.push(forward[index] ?? new Int16Array(FRAME_SAMPLES));
      two.stream.push(cards[index] ?? new Int16Array(FRAME_SAMPLES));
    }
    const finals = await Promise.all([one.stream.finish(), two.stream.finish()]);
    assert.deepEqual(finals, [words(KNOWN['goforward.raw']), words(KNOWN['cards/005.wav'])]);
  });

  it('gives partials while the caller speaks, and finals that they do not touch', options, async () => {
    const turn = new Turn(recognizer);
    const audio = frames(recording('cards/005.wav'));
    const half = audio.length / 2;
    const partial = turn.nextPartial();
    for (const frame of audio.slice(0, half)) turn.stream.push(frame);
    assert.match(await partial, /^eight/);
    for (const frame of audio.slice(half)) turn.stream.push(frame);
    const count = turn.partials.length;
    assert.deepEqual(await turn.stream.finish(), words(KNOWN['cards/005.wav']));
    assert.equal(turn.partials.length, count);
    assert.deepEqual(await understand(recognizer, recording('cards/002.wav')), words(KNOWN['cards/002.wav']));
  });

  it('decodes at a pause already', options, async () => {
    const turn = new Turn(recognizer);
    const partial = turn.nextPartial();
    turn.stream.push(recording('goforward.raw'));
    turn.stream.pause();
    // A thread has been free by now.
    await partial;
    // Had the final been decoded after this, it would not be what was said before the pause.
    turn.say('something.raw');
    assert.deepEqual(await turn.stream.finish(), words(KNOWN['goforward.raw']));
  });

  it('hears the whole turn when the caller speaks on after a pause', options, async () => {
    const turn = new Turn(recognizer);
    turn.stream.push(new Int16Array(8000));
    turn.stream.pause();
    turn.stream.resume();
    turn.say('cards/001.wav');
    turn.stream.pause();
    turn.stream.resume();
    turn.say('cards/003.wav');
    assert.deepEqual(await turn.stream.finish(), words(`${KNOWN['cards/001.wav']} ${KNOWN['cards/003.wav']}`));
  });

  it('forgets an aborted turn', options, async () => {
    const turn = new Turn(recognizer);
    turn.say('goforward.raw');
    turn.stream.pause();
    turn.stream.abort();
    turn.say('goforward.raw');
    await assert.rejects(turn.stream.finish(), EngineError);
    const finishing = new Turn(recognizer);
    finishing.say('goforward.raw');
    const final = finishing.stream.finish();
    finishing.stream.abort();
    await assert.rejects(final, EngineError);
    assert.deepEqual(await understand(recognizer, recording('something.raw')), words(KNOWN['something.raw']));
    assert.deepEqual([...turn.partials, ...finishing.partials], []);
  });

  it('takes dictation where no phrases are given', options, async () => {
    const dictation = { language: 'en', phrases: [] };
    assert.deepEqual(await understand(recognizer, recording('something.raw'), dictation), words(KNOWN['something.raw']));
  });

  it('refuses languages it does not know', options, async () => {
    await assert.rejects(understand(recognizer, recording('goforward.raw'), { ...BIAS, language: 'fr-FR' }), /English only, not "fr-FR"/);
  });
});

describe('embedded recognizer, alone', () => {
  it('keeps the first minute of a turn and says so once', options, async () => {
    const warnings: unknown[] = [];
    const warn = (fields: unknown): unknown => warnings.push(fields);
    const recognizer = await createEmbeddedRecognizer({ env: {}, log: Object.assign(log.child({}), { warn }) });
    try {
      const turn = new Turn(recognizer);
      turn.say('goforward.raw');
      for (let second = 0; second < 70; second += 1) turn.stream.push(new Int16Array(16_000));
      assert.deepEqual(await turn.stream.finish(), words(KNOWN['goforward.raw']));
      assert.deepEqual(warnings, [{ keptMs: 60_000 }]);
    } finally {
      await recognizer.close();
    }
  });

  it('lists what is wrong and says which packages to install', options, async () => {
    const env = { POCKETSPHINX_LIBRARY: 'libnone.so.1', POCKETSPHINX_MODEL: '/nowhere', RECOGNIZER_THREADS: 'many' };
    await assert.rejects(createEmbeddedRecognizer({ env, log }), (error) => {
      assert.ok(error instanceof EngineError);
      for (const part of [/libnone\.so\.1/, /\/nowhere/, /RECOGNIZER_THREADS/, /libpocketsphinx3 and pocketsphinx-en-us/]) assert.match(error.message, part);
      return true;
    });
  });
});

/** One stream and its partials. */
class Turn {
  readonly stream: RecognizerStream;
  readonly partials: string[] = [];
  #onPartial: (text: string) => void = () => undefined;

  constructor(recognizer: Recognizer, bias: RecognitionBias = BIAS) {
    this.stream = recognizer.open(bias, {
      onPartial: (text) => {
        this.partials.push(text);
        this.#onPartial(text);
      },
    });
  }

  say(file: string): void {
    for (const frame of frames(recording(file))) this.stream.push(frame);
  }

  nextPartial(): Promise<string> {
    return new Promise((resolve) => {
      this.#onPartial = resolve;
    });
  }
}

async function understand(recognizer: Recognizer, samples: Int16Array, bias = BIAS): Promise<FinalTranscript> {
  const turn = new Turn(recognizer, bias);
  for (const frame of frames(samples)) turn.stream.push(frame);
  return turn.stream.finish();
}

function words(text: string): FinalTranscript {
  return { outcome: 'words', text };
}

function recording(file: string): Int16Array {
  const bytes = readFileSync(`${RECORDINGS}/${file}`).subarray(file.endsWith('.wav') ? WAV_HEADER_BYTES : 0);
  return Int16Array.from({ length: Math.floor(bytes.length / 2) }, (_, index) => bytes.readInt16LE(2 * index));
}

function frames(samples: Int16Array): Int16Array[] {
  const count = Math.ceil(samples.length / FRAME_SAMPLES);
  return Array.from({ length: count }, (_, index) => samples.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES));
}

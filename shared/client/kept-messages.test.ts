import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { DEFAULT_AUDIO_FORMAT } from '../protocol/audio-format.ts';
import { readBinaryFrame } from '../protocol/binary-frame.ts';
import { KeptMessages, type LostAudio } from './kept-messages.ts';

const FRAME = new Uint8Array(640);
const START = { committed: 0, received: 0 };

let lost: LostAudio[];
let kept: KeptMessages;

beforeEach(() => {
  lost = [];
  kept = new KeptMessages({ maxAudioMs: 100, maxBytes: 100_000 }, (what) => lost.push(what));
});

/** Everything `take` gives: numbers, with a minus where it is said to be late. */
function taken(): number[] {
  const numbers: number[] = [];
  for (let message = kept.take(); message !== undefined; message = kept.take()) {
    const read = typeof message === 'string' ? (JSON.parse(message) as { seq: number; resent?: boolean }) : readBinaryFrame(message);
    assert.ok(typeof read === 'object');
    const isLate = 'flags' in read ? read.flags === 1 : 'resent' in read;
    numbers.push(isLate ? -read.seq : read.seq);
  }
  return numbers;
}

describe('kept messages', () => {
  test('are numbered from 1 and given once, in order', () => {
    kept.begin(START, DEFAULT_AUDIO_FORMAT);
    kept.addAudio(FRAME);
    kept.addText('hello');
    kept.addAudio(FRAME);
    assert.deepEqual(taken(), [1, 2, 3]);
    kept.addAudio(FRAME);
    assert.deepEqual(taken(), [4]);
  });

  test('are given again on the next connection, said to be late, without what is committed', () => {
    kept.begin(START, DEFAULT_AUDIO_FORMAT);
    for (let i = 0; i < 4; i += 1) kept.addAudio(FRAME);
    taken();
    assert.deepEqual(kept.begin({ committed: 2, received: 3 }, DEFAULT_AUDIO_FORMAT), { messages: 2, audioMs: 40 });
    kept.addAudio(FRAME);
    assert.deepEqual(taken(), [-3, -4, 5]);
  });

  test('said before the first connection follow what others said in this session, stamped in its format', () => {
    kept.addAudio(FRAME);
    kept.addAudio(FRAME);
    kept.addText('early');
    kept.begin({ committed: 5, received: 7 }, { encoding: 'pcm16', sampleRateHz: 8000 });
    const frames = [kept.take(), kept.take()].map((bytes) => (bytes instanceof Uint8Array ? readBinaryFrame(bytes) : undefined));
    assert.deepEqual(frames.map((frame) => typeof frame === 'object' && [frame.seq, frame.timestampMs]), [[8, 0], [9, 40]]);
    assert.equal(kept.take(), JSON.stringify({ type: 'text', content: 'early', seq: 10, resent: true }));
    kept.addAudio(FRAME);
    assert.deepEqual(taken(), [11]);
  });

  test('are forgotten when committed, texts when answered', () => {
    kept.begin(START, DEFAULT_AUDIO_FORMAT);
    kept.addAudio(FRAME);
    kept.addText('one');
    kept.addText('two');
    taken();
    kept.answered(3);
    kept.commit(1);
    kept.begin({ committed: 1, received: 1 }, DEFAULT_AUDIO_FORMAT);
    assert.deepEqual(taken(), [-2]);
  });

  test('forgotten or given up ones do not disturb the place of sending', () => {
    kept.begin(START, DEFAULT_AUDIO_FORMAT);
    kept.addText('one');
    kept.addAudio(FRAME);
    assert.equal(typeof kept.take(), 'string');
    kept.answered(1);
    assert.deepEqual(taken(), [2]);
    kept.addAudio(FRAME);
    kept.commit(2);
    assert.deepEqual(taken(), [3]);
  });

  test('give up the oldest audio where there is too much, never texts, and tell at once what nobody got', () => {
    kept.begin(START, DEFAULT_AUDIO_FORMAT);
    kept.addText('stays');
    for (let i = 0; i < 7; i += 1) kept.addAudio(FRAME);
    assert.deepEqual(lost, [{ frames: 1, audioMs: 20 }, { frames: 1, audioMs: 20 }]);
    assert.deepEqual(taken(), [1, 4, 5, 6, 7, 8]);
  });

  test('tell of audio that was sent and given up only where it turns out to be needed', () => {
    kept.begin(START, DEFAULT_AUDIO_FORMAT);
    for (let i = 0; i < 8; i += 1) {
      kept.addAudio(FRAME);
      taken();
    }
    assert.deepEqual(lost, []);
    kept.begin({ committed: 0, received: 2 }, DEFAULT_AUDIO_FORMAT);
    assert.deepEqual(lost, [{ frames: 1, audioMs: 20 }]);
    assert.deepEqual(taken(), [-4, -5, -6, -7, -8]);
    kept.begin({ committed: 0, received: 8 }, DEFAULT_AUDIO_FORMAT);
    assert.equal(lost.length, 1, 'told once');
  });

  test('are bounded by bytes as well, and refuse what alone is too much', () => {
    kept = new KeptMessages({ maxAudioMs: 60_000, maxBytes: 2000 }, (what) => lost.push(what));
    kept.begin(START, DEFAULT_AUDIO_FORMAT);
    for (let i = 0; i < 4; i += 1) assert.equal(kept.addAudio(FRAME), true);
    assert.equal(lost.length, 1);
    assert.equal(kept.addAudio(new Uint8Array(2001)), false);
    assert.equal(kept.addText('x'.repeat(1001)), false);
    assert.equal(kept.addText('x'.repeat(1000)), true);
    assert.deepEqual(taken(), [5]);
    assert.equal(kept.addText('y'), false, 'a text is not given up for another');
  });

  test('keep their own copy of audio', () => {
    kept.begin(START, DEFAULT_AUDIO_FORMAT);
    const bytes = Uint8Array.of(1, 2);
    kept.addAudio(bytes);
    bytes.fill(9);
    const frame = kept.take();
    assert.ok(frame instanceof Uint8Array);
    assert.deepEqual([...frame.slice(-2)], [1, 2]);
  });
});

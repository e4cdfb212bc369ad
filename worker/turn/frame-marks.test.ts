import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameMarks, type FrameMark } from './frame-marks.ts';

const stamps = { receivedUs: 0, flushedUs: 0, arrivedUs: 0, takenUs: 0 };

function marksOf(frames: readonly (readonly [seq: number, endSample: number])[], capacity = 100): FrameMarks {
  const marks = new FrameMarks(capacity);
  for (const [seq, endSample] of frames) marks.push(seq, endSample, stamps);
  return marks;
}

test('without frames nothing is known', () => {
  assert.deepEqual([marksOf([]).bringing(10), marksOf([]).seqBefore(10)], [undefined, undefined]);
});

test('a sample is found in the frame that brought it', () => {
  const marks = marksOf([[1, 320], [2, 640], [3, 960]]);
  assert.deepEqual([1, 320, 321, 640, 960].map((end) => marks.bringing(end)?.seq), [1, 1, 2, 2, 3]);
});

test('a sample still to come is taken to be in the newest frame, a forgotten one in the oldest', () => {
  const marks = marksOf([[7, 320], [8, 640]]);
  assert.deepEqual([marks.bringing(9999)?.seq, marks.bringing(-5)?.seq], [8, 7]);
});

test('only a frame that ends before a sample lies before it', () => {
  const marks = marksOf([[1, 320], [2, 640]]);
  assert.deepEqual([319, 320, 639, 640, 5000].map((sample) => marks.seqBefore(sample)), [undefined, 1, 1, 2, 2]);
});

test('a frame without samples brings none, and lies before what follows', () => {
  const marks = marksOf([[1, 320], [2, 320], [3, 640]]);
  assert.deepEqual([marks.bringing(320)?.seq, marks.bringing(321)?.seq, marks.seqBefore(320)], [1, 3, 2]);
});

test('however long the stream, answers are right for the newest frames and never invented for older ones', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(fc.nat(5), { minLength: 1, maxLength: 60 }), fc.nat(310), (capacity, lengths, sample) => {
      let endSample = 0;
      const frames = lengths.map((length, seq): FrameMark => ({ seq, endSample: (endSample += length), stamps }));
      const marks = new FrameMarks(capacity);
      for (const frame of frames) marks.push(frame.seq, frame.endSample, frame.stamps);
      const kept = frames.slice(-capacity);
      const bringing = frames.find((frame) => frame.endSample >= sample) ?? frames.at(-1);
      if (bringing !== undefined && kept.includes(bringing)) assert.equal(marks.bringing(sample)?.seq, bringing.seq);
      const before = frames.findLast((frame) => frame.endSample <= sample)?.seq;
      const known = marks.seqBefore(sample);
      if (before !== undefined && before >= (kept[0]?.seq ?? 0)) assert.equal(known, before);
      else assert.ok(known === undefined || known === before);
    }),
  );
});

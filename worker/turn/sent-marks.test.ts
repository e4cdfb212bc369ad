import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SentMarks } from './sent-marks.ts';

test('knows where the last message up to a seq ends, once, and forgets what was played', () => {
  const marks = new SentMarks();
  for (const seq of [3, 4, 6]) marks.push(seq, seq * 100);
  assert.equal(marks.played(2), undefined);
  assert.equal(marks.played(5), 400);
  assert.equal(marks.played(5), undefined);
  assert.equal(marks.played(9), 600);
});

test('however many are sent and played, the newest 2048 that were not played are known', () => {
  fc.assert(fc.property(fc.array(fc.record({ sent: fc.nat(1500), played: fc.nat(3000) }), { maxLength: 12 }), (steps) => {
    const marks = new SentMarks();
    let model: number[] = [];
    let seq = 0;
    for (const { sent, played } of steps) {
      for (let i = 0; i < sent; i += 1) {
        seq += 1;
        marks.push(seq, seq * 20);
        model.push(seq);
      }
      model = model.slice(-2048);
      const upTo = seq - played;
      const last = model.filter((each) => each <= upTo).at(-1);
      assert.equal(marks.played(upTo), last === undefined ? undefined : last * 20);
      model = model.filter((each) => each > upTo);
    }
  }), { numRuns: 50 });
});

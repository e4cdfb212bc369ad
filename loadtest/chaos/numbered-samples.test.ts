import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MOST_IDS, MOST_SAMPLES, mergedRuns, NumberedReader, numberedSamples, runsOf, type Run } from './numbered-samples.ts';

function audio(...parts: readonly (readonly [id: number, from: number, to: number] | number)[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => (typeof part === 'number' ? new Array<number>(part).fill(0) : [...numberedSamples({ id: part[0], from: part[1], to: part[2] })])));
}

test('any stretch from anywhere in its first group on is told by its samples alone', () => {
  fc.assert(fc.property(fc.nat(MOST_IDS - 1), fc.nat(MOST_SAMPLES - 4), fc.integer({ min: 4, max: 2000 }), (id, from, length) => {
    const to = Math.min(MOST_SAMPLES, from + length);
    assert.deepEqual(runsOf(numberedSamples({ id, from, to })), [{ kind: 'numbered', id, from, to }]);
  }));
});

test('how a stream is cut into portions changes nothing', () => {
  const stream = audio(700, [5, 0, 3200], 320, [MOST_IDS - 1, 1600, 4801], [7, 0, 99]);
  const whole = runsOf(stream);
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 50 }), (cuts) => {
    const reader = new NumberedReader();
    const runs: Run[] = [];
    let at = 0;
    for (const cut of [...cuts, stream.length]) {
      runs.push(...reader.push(stream.slice(at, at + cut)));
      at += cut;
    }
    assert.deepEqual(mergedRuns([...runs, ...reader.finish()]), whole);
  }));
});

test('a hole, a repetition and another voice in between are seen at the sample', () => {
  assert.deepEqual(runsOf(audio([9, 0, 320], [9, 336, 640])), [{ kind: 'numbered', id: 9, from: 0, to: 320 }, { kind: 'numbered', id: 9, from: 336, to: 640 }]);
  assert.deepEqual(runsOf(audio([9, 0, 320], [9, 0, 320])), [{ kind: 'numbered', id: 9, from: 0, to: 320 }, { kind: 'numbered', id: 9, from: 0, to: 320 }]);
  assert.deepEqual(runsOf(audio([9, 0, 320], [4, 0, 320], [9, 320, 640])).map((run) => run.kind === 'numbered' && run.id), [9, 4, 9]);
  assert.deepEqual(runsOf(audio([9, 0, 320], 320, [9, 320, 640])).map(({ kind }) => kind), ['numbered', 'silence', 'numbered']);
});

test('changed samples are damage, not something else', () => {
  const stream = audio([1234, 0, 640]);
  stream[300] = 77;
  const runs = runsOf(stream);
  assert.deepEqual(runs.filter(({ kind }) => kind === 'damaged'), [{ kind: 'damaged', samples: 1 }]);
  assert.equal(runs.reduce((sum, run) => (run.kind === 'numbered' ? sum + run.to - run.from : sum), 0), 639);
});

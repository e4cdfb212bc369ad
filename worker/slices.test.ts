import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Slices } from './slices.ts';

/** Does one piece a slice and writes down what happens; what came of a piece leaves as in the egress, by an immediate asked for in a microtask. */
function sliced(pieces: number): { readonly story: string[]; readonly slices: Slices } {
  const story: string[] = [];
  let left = pieces;
  const slices = new Slices(() => {
    const piece = left;
    left -= 1;
    story.push(`slice ${piece}`);
    void Promise.resolve().then(() => setImmediate(() => story.push(`sent ${piece}`)));
    return left === 0;
  }, () => 0);
  return { story, slices };
}

test('what came of a slice leaves before the next one', async () => {
  const { story, slices } = sliced(3);
  slices.begin();
  assert.deepEqual(story, [], 'nothing is done on the spot');
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  assert.deepEqual(story, ['slice 3', 'sent 3', 'slice 2', 'sent 2', 'slice 1', 'sent 1']);
});

test('work that is under way is not begun twice, and begins anew once it was done', async () => {
  const done: number[] = [];
  const slices = new Slices(() => done.push(done.length) % 2 === 0, () => 0);
  slices.begin();
  slices.begin();
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  assert.deepEqual(done, [0, 1]);
  slices.begin();
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  assert.deepEqual(done, [0, 1, 2, 3]);
});

test('a slice takes as long as everything else since the one before, within bounds', async () => {
  // What the clock shows when the slices begin, and at the beginning and end of each of them.
  const clockMs = [0, 0.1, 1, 3, 5, 105, 110, 110.2];
  const tookMs: number[] = [];
  const slices = new Slices((forMs) => tookMs.push(forMs) === 4, () => clockMs.shift() ?? 0);
  slices.begin();
  for (let turn = 0; turn < 12; turn += 1) await nextTurn();
  assert.deepEqual(tookMs.map((ms) => Math.round(ms * 10) / 10), [0.5, 2, 3, 0.5]);
});

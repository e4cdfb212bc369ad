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

/** How long the slices were asked to take, where everything else takes so long between two of them. */
async function slicesBeside(elsewhereMs: number, slicesLeft: number): Promise<readonly number[]> {
  const askedMs: number[] = [];
  let usedMs = 0;
  // Looked at before and after whatever else there is.
  const slices = new Slices((forMs) => askedMs.push(forMs) >= slicesLeft, () => (usedMs += elsewhereMs));
  slices.begin();
  for (let turn = 0; turn < 3 * slicesLeft; turn += 1) await nextTurn();
  return askedMs;
}

test('slices come to take as long as everything else between two of them, within bounds', async () => {
  for (const [elsewhereMs, slicesMs] of [[0.1, 0.5], [2, 2], [100, 10]] as const) {
    const askedMs = await slicesBeside(elsewhereMs, 200);
    assert.deepEqual(askedMs.slice(0, 2), [0.5, Math.max(0.5, elsewhereMs / 16)], 'one turn says little');
    assert.equal(Math.round((askedMs.at(-1) ?? 0) * 100) / 100, slicesMs);
  }
});

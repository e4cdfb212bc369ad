import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barMarkdown, barOf, barTable } from './bar.ts';
import { BareBatch, readBareBatch } from './references/bare-batch.ts';
import { allocatedBytes, topAllocations } from './allocation-profile.ts';
import { costsOf, costWords, shareOf, topCosts, type CallFrame, type CpuProfile } from './cpu-profile.ts';
import { median } from './rounds.ts';
import { slopeOf } from './slope.ts';

const BOUND = { name: 'a bar', promise: 'at most 2', measured: 'so much' } as const;

test('a bar passes up to its bound and at it, is short beyond, and is unclear where the run cannot tell', () => {
  assert.equal(barOf({ ...BOUND, value: 2, most: 2 }).verdict, 'pass');
  assert.equal(barOf({ ...BOUND, value: 2.01, most: 2 }).verdict, 'short');
  assert.equal(barOf({ ...BOUND, value: 0.69, least: 0.7 }).verdict, 'short');
  assert.equal(barOf({ ...BOUND, value: 0.7, least: 0.7 }).verdict, 'pass');
  assert.deepEqual(barOf({ ...BOUND, value: 1, most: 2, doubt: 'late callers', note: 'noise' }), { name: 'a bar', promise: 'at most 2', measured: 'so much', reference: '', verdict: 'unclear', note: 'late callers; noise' });
  assert.equal(barOf({ ...BOUND, value: Number.NaN, most: 2 }).verdict, 'unclear');
});

test('the table has one line a bar, in the terminal and in documents', () => {
  const bars = [barOf({ ...BOUND, value: 1, most: 2 }), barOf({ ...BOUND, name: 'another', value: 3, most: 2 })];
  assert.deepEqual(barTable(bars).split('\n'), ['bar      promised   measured  beside         note', 'a bar    at most 2  so much           pass', 'another  at most 2  so much           short']);
  assert.equal(barMarkdown(bars).split('\n')[3], '| another | at most 2 | so much |  | short |  |');
});

test('the median is the middle of the sorted values, the mean of two where there is no middle', () => {
  assert.deepEqual([median([9, 1, 5]), median([4, 1, 3, 2]), median([7])], [5, 2.5, 7]);
  assert.ok(Number.isNaN(median([])));
});

test('a slope is that of the straight line through the points', () => {
  assert.deepEqual([slopeOf([[0, 1], [1, 3], [2, 5]]), slopeOf([[5, 5]]), slopeOf([])], [2, 0, 0]);
});

test('the bare batch gives back the frames it was given, in order, and sends before it overflows', async () => {
  const batches: Uint8Array[] = [];
  const batch = new BareBatch((bytes) => batches.push(bytes));
  for (let slot = 0; slot < 100; slot += 1) batch.add(slot, new Uint8Array(652).fill(slot));
  assert.equal(batches.length, 1);
  await new Promise((resolve) => setImmediate(resolve));
  const read: number[] = [];
  for (const bytes of batches) readBareBatch(bytes, (slot, frame) => read.push(frame.length === 652 && frame.every((byte) => byte === slot) ? slot : -1));
  assert.deepEqual(read, Array.from({ length: 100 }, (_, slot) => slot));
});

test('costs are shares of the busy time, a function’s own and with what it calls, a recursive one counted once', () => {
  const frame = (functionName: string): CpuProfile['nodes'][number]['callFrame'] => ({ functionName, url: 'file:///x/dist/gateway/a.js', lineNumber: 4 });
  const profile: CpuProfile = {
    nodes: [
      { id: 1, callFrame: { functionName: '(root)', url: '', lineNumber: -1 }, children: [2, 5] },
      { id: 2, callFrame: frame('outer'), children: [3] },
      { id: 3, callFrame: frame('inner'), children: [4] },
      { id: 4, callFrame: frame('inner') },
      { id: 5, callFrame: { functionName: '(idle)', url: '', lineNumber: -1 } },
    ],
    samples: [2, 3, 4, 5], timeDeltas: [100, 200, 100, 600],
  };
  const costs = topCosts(profile, 10);
  assert.deepEqual(costs, [{ what: 'inner gateway/a.js:5', self: 0.75, total: 0.75 }, { what: 'outer gateway/a.js:5', self: 0.25, total: 1 }]);
  assert.deepEqual([shareOf(profile, /inner /), shareOf(profile, /outer /), shareOf(profile, / worker\//)], [0.75, 1, 0]);
  assert.deepEqual(costsOf(profile, / gateway\//, 1).map(costWords), ['25.0 % (100.0 % with what it calls) outer gateway/a.js:5']);
});

test('allocations are summed by place, wherever they were called from, the largest first', () => {
  const frame = (functionName: string): CallFrame => ({ functionName, url: '/x/dist/worker/a.js', lineNumber: 6 });
  const leaf = { callFrame: frame('often'), selfSize: 30, children: [] };
  const head = { callFrame: { functionName: '(root)', url: '', lineNumber: -1 }, selfSize: 0, children: [leaf, { callFrame: frame('once'), selfSize: 40, children: [leaf] }] };
  assert.deepEqual(topAllocations({ head }, 5), [{ what: 'often worker/a.js:7', bytes: 60 }, { what: 'once worker/a.js:7', bytes: 40 }]);
  assert.deepEqual(topAllocations({ head }, 1).map(({ what }) => what), ['often worker/a.js:7']);
  assert.equal(allocatedBytes({ head }), 100);
});

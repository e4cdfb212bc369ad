import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TurnWheel } from './turn-wheel.ts';

const ANYBODY = (): boolean => true;

test('one with much to do has its turns between those of the others', () => {
  const wheel = new TurnWheel<string>();
  for (let turn = 0; turn < 4; turn++) wheel.push('long');
  wheel.push('short');
  assert.deepEqual(Array.from({ length: 6 }, () => wheel.shift(ANYBODY)), ['long', 'short', 'long', 'long', 'long', undefined]);
  assert.equal(wheel.size, 0);
});

test('one that is not ready is passed over and keeps its turns and its place', () => {
  const wheel = new TurnWheel<string>();
  for (const item of ['busy', 'ready', 'ready', 'busy']) wheel.push(item);
  const others = (item: string): boolean => item !== 'busy';
  assert.deepEqual(Array.from({ length: 3 }, () => wheel.shift(others)), ['ready', 'ready', undefined]);
  assert.equal(wheel.size, 2);
  assert.deepEqual(Array.from({ length: 2 }, () => wheel.shift(ANYBODY)), ['busy', 'busy']);
});

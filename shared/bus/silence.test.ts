import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Silence } from './silence.ts';

test('nothing at two looks in a row is too long', () => {
  const silence = new Silence();
  assert.deepEqual([1, 1, 1].map((heard) => silence.isTooLong(heard)), [false, false, true]);
});

test('anything that comes between two looks is a sign of life', () => {
  const silence = new Silence();
  assert.deepEqual([1, 1, 2, 2, 3, 3].map((heard) => silence.isTooLong(heard)), [false, false, false, false, false, false]);
});

test('a new connection has its own time, from the first look at it', () => {
  const silence = new Silence();
  silence.isTooLong(1);
  silence.isTooLong(1);
  silence.restart();
  assert.deepEqual([1, 1, 1].map((heard) => silence.isTooLong(heard)), [false, false, true]);
  assert.deepEqual([0, 0].map((heard) => new Silence().isTooLong(heard)), [false, false]);
});

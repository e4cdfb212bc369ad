import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareShare, needed } from './shares.ts';

test('a share is judged by how many there are: few say nothing, many say much', () => {
  assert.equal(compareShare({ bad: 0, of: 0 }, 0.01), 'unsure');
  assert.equal(compareShare({ bad: 0, of: 100 }, 0.01), 'unsure');
  assert.equal(compareShare({ bad: 0, of: 300 }, 0.01), 'within');
  assert.equal(compareShare({ bad: 1, of: 50 }, 0.01), 'unsure');
  assert.equal(compareShare({ bad: 20, of: 1000 }, 0.01), 'above');
  assert.equal(compareShare({ bad: 8, of: 1000 }, 0.01), 'unsure');
  assert.equal(compareShare({ bad: 5, of: 5 }, 0.5), 'unsure');
  assert.equal(compareShare({ bad: 7, of: 7 }, 0.5), 'above');
});

test('it is told about how many more it takes', () => {
  const more = needed({ bad: 0, of: 100 }, 0.01);
  assert.ok(more > 100 && more < 250, String(more));
  assert.equal(compareShare({ bad: 0, of: 100 + more }, 0.01), 'within');
});

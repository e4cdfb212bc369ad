import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Lifecycle, LIFECYCLE_STATES, type LifecycleState } from './lifecycle.ts';

test('a process starts as starting and may skip states, never go back', () => {
  const heard: LifecycleState[] = [];
  const lifecycle = new Lifecycle((state) => heard.push(state));
  assert.equal(lifecycle.state, 'starting');
  assert.equal(lifecycle.enter('ready'), true);
  assert.equal(lifecycle.enter('ready'), false);
  assert.equal(lifecycle.enter('stopped'), true);
  assert.equal(lifecycle.enter('draining'), false);
  assert.equal(lifecycle.state, 'stopped');
  assert.deepEqual(heard, ['ready', 'stopped']);
});

test('whatever is asked for, the states heard are in order, each at most once, the last one being the state', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...LIFECYCLE_STATES)), (asked) => {
      const heard: LifecycleState[] = ['starting'];
      const lifecycle = new Lifecycle((state) => heard.push(state));
      for (const state of asked) lifecycle.enter(state);
      assert.deepEqual(heard, LIFECYCLE_STATES.filter((state) => heard.includes(state)));
      assert.equal(lifecycle.state, heard.at(-1));
    }),
  );
});

test('the listener already sees the new state', () => {
  const seen: LifecycleState[] = [];
  const lifecycle: Lifecycle = new Lifecycle(() => seen.push(lifecycle.state));
  lifecycle.enter('draining');
  assert.deepEqual(seen, ['draining']);
});

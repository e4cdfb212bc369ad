import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BiasNames } from './bias-names.ts';

describe('bias names', () => {
  const names = new BiasNames();

  it('are the same for the same phrases of any session, and different for others', () => {
    const { id } = names.of(['yes', 'no']);
    assert.equal(names.of(['yes', 'no']).id, id);
    for (const other of [['no', 'yes'], ['yes no'], ['yes'], []]) assert.notEqual(names.of(other).id, id);
  });

  it('are made once for an array', () => {
    const phrases = ['yes', 'no'];
    assert.equal(names.of(phrases), names.of(phrases));
  });

  it('tell dictation, where no phrase can be said', () => {
    const phrases = [[], ['...', 'привет'], ['...', 'hello']];
    assert.deepEqual(phrases.map((each) => names.of(each).isDictation), [true, true, false]);
  });
});

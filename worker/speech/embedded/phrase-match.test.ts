import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge, MAX_DIFFERENCE, phraseDifference } from './phrase-match.ts';

const PHRASES = ['hello', 'what time is it', 'what is three plus four', 'what is nine minus two', 'repeat', 'go forward ten meters'].map((phrase) => phrase.split(' '));

function difference(text: string): number {
  return phraseDifference(text.split(' '), PHRASES);
}

describe('phrase match', () => {
  it('finds no difference to a phrase itself', () => assert.equal(difference('go forward ten meters'), 0));

  it('counts the words that differ', () => {
    assert.equal(difference('go forward plus meters'), 0.25);
    assert.equal(difference('go forward meters'), 0.25);
    assert.equal(difference('please go forward ten meters'), 0.2);
  });

  it('lets other numbers into arithmetic', () => {
    assert.equal(difference('what is eight plus six'), 0);
    assert.equal(difference('what is twenty one minus one hundred five'), 0);
  });

  it('knows two phrases said in a row', () => {
    assert.equal(difference('hello what time is it'), 0);
    assert.equal(difference('repeat go forward ten meters'), 0);
    assert.equal(difference('repeat hello'), 0);
  });

  it('does not explain words by three phrases', () => assert.ok(difference('hello repeat hello repeat') > MAX_DIFFERENCE));

  it('refuses a jumble of known words', () => {
    assert.ok(difference('three meters what go is ten time forward') > MAX_DIFFERENCE);
    assert.ok(difference('plus') > MAX_DIFFERENCE);
  });

  it('finds all the difference where there is nothing to compare', () => {
    assert.equal(phraseDifference([], PHRASES), 1);
    assert.equal(phraseDifference(['hello'], []), 1);
  });
});

describe('judging a hypothesis', () => {
  it('leaves words as they were heard, though another phrase is nearest', () => {
    assert.deepEqual(judge('what is two plus nine', PHRASES), { outcome: 'words', text: 'what is two plus nine' });
    assert.deepEqual(judge('go forward ten', PHRASES), { outcome: 'words', text: 'go forward ten' });
  });

  it('finds what is far from every phrase unclear', () => assert.deepEqual(judge('is ten go repeat', PHRASES), { outcome: 'unclear' }));

  it('finds nothing where no word was heard', () => {
    assert.deepEqual(judge('', PHRASES), { outcome: 'nothing' });
    assert.deepEqual(judge(' ', undefined), { outcome: 'nothing' });
  });

  it('takes any words where none are expected', () => assert.deepEqual(judge('anything goes', undefined), { outcome: 'words', text: 'anything goes' }));
});

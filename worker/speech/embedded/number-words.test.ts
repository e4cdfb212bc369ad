import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digitWords, withoutValues } from './number-words.ts';

describe('number words', () => {
  const cases = {
    '0': 'zero', '10': 'ten', '13': 'thirteen', '20': 'twenty', '42': 'forty two', '100': 'one hundred', '105': 'one hundred five',
    '2026': 'two thousand twenty six', '1000000': 'one million', '999999999':
      'nine hundred ninety nine million nine hundred ninety nine thousand nine hundred ninety nine',
  };
  for (const [digits, words] of Object.entries(cases)) {
    it(`${digits} is said ${words}`, () => assert.equal(digitWords(digits).join(' '), words));
  }

  it('says codes and telephone numbers digit by digit', () => {
    assert.deepEqual(digitWords('007'), ['zero', 'zero', 'seven']);
    assert.equal(digitWords('5551234567').length, 10);
  });

  it('has no words for what is not digits', () => {
    assert.deepEqual(digitWords(''), []);
    assert.deepEqual(digitWords('1e3'), []);
    assert.deepEqual(digitWords('-1'), []);
  });
});

describe('words without values', () => {
  const cases: Readonly<Record<string, string>> = {
    'what is three plus four': 'what is # plus #',
    'twenty one minus one hundred five': '# minus #',
    'two thousand twenty six': '#',
    'five five': '# #',
    'thirty three four': '# #',
    'go on': 'go on',
  };
  for (const [words, result] of Object.entries(cases)) {
    it(`"${words}" becomes ${result}`, () => assert.equal(withoutValues(words.split(' ')).join(' '), result));
  }
});

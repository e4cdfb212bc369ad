import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { phraseWords } from './phrase-words.ts';

describe('phrase words', () => {
  const cases: Readonly<Record<string, string>> = {
    'What’s the TIME?': "what's the time",
    'Go forward 10 meters.': 'go forward ten meters',
    'three + 4 = 7': 'three plus four equals seven',
    'pi is 3.14': 'pi is three point one four',
    '1,250 people': 'one thousand two hundred fifty people',
    '50% off': 'fifty percent off',
    'café — naïve': 'cafe naive',
    'check-in at gate B7': 'check in at gate b seven',
    "'bout time, he said 'hello'": "'bout time he said hello",
    "the callers' rock'n'roll": "the callers rock'n'roll",
  };
  for (const [phrase, words] of Object.entries(cases)) {
    it(`hears "${phrase}" as ${words}`, () => assert.equal(phraseWords(phrase)?.join(' '), words));
  }

  it('has no words for punctuation alone', () => assert.deepEqual(phraseWords(' … !? '), []));
  it('refuses letters of another script', () => {
    assert.equal(phraseWords('hello 世界'), undefined);
    assert.equal(phraseWords('привет'), undefined);
  });
});

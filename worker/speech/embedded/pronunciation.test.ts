import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { biasModel } from './bias-model.ts';
import { soundOut } from './letter-to-sound.ts';
import { pronounce } from './pronunciation.ts';

const DICTIONARY = Buffer.from("a AH\na(2) EY\nfleet F L IY T\nkim K IH M\nread R EH D\nread(2) R IY D\ns EH S\nvox V AA K S\nwhat's W AH T S\n");

describe('pronunciation', () => {
  it('takes every pronunciation the dictionary has', () => {
    const { lines, known, guessed } = pronounce(new Set(['read', "what's"]), DICTIONARY);
    assert.deepEqual(lines, ['read R EH D', 'read(2) R IY D', "what's W AH T S"]);
    assert.deepEqual([...known], ['read', "what's"]);
    assert.equal(guessed, 0);
  });

  it('puts a missing word together from words of the dictionary', () => {
    const { lines, guessed } = pronounce(new Set(['voxfleet', "kim's"]), DICTIONARY);
    assert.deepEqual(lines, ['voxfleet V AA K S F L IY T', "kim's K IH M Z"]);
    assert.equal(guessed, 2);
  });

  it('guesses the rest from the letters', () => {
    const { lines, guessed } = pronounce(new Set(['zindle']), DICTIONARY);
    assert.deepEqual(lines, ['zindle Z IH N D AH L']);
    assert.equal(guessed, 1);
  });
});

describe('letter to sound', () => {
  const cases: Readonly<Record<string, string>> = {
    lane: 'L EY N', ship: 'SH IH P', knight: 'N AY T', phone: 'F OW N', quick: 'K W IH K', nation: 'N AE SH AH N', happy: 'HH AE P IY', toyota: 'T OY OW T AH',
  };
  for (const [word, phones] of Object.entries(cases)) it(`says ${word} as ${phones}`, () => assert.equal(soundOut(word), phones));

  it('has nothing to say without letters', () => assert.equal(soundOut("'"), undefined));

  it('uses phones of the acoustic model only', () => {
    const phones = new Set('AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH'.split(' '));
    for (const word of ['xylophone', 'psychology', 'wright', 'jeopardize', 'schedule', 'vicious', 'thoroughbred', 'quebec', 'iguana', 'yacht']) {
      for (const phone of soundOut(word)?.split(' ') ?? []) assert.ok(phones.has(phone), `${word}: ${phone}`);
    }
  });
});

describe('bias model', () => {
  it('holds the words of its phrases and nothing else', () => {
    const model = biasModel(["What's a vox?", 'read'], DICTIONARY);
    assert.equal(model?.words, 4);
    assert.equal(model.dictionary, "a AH\na(2) EY\nread R EH D\nread(2) R IY D\nvox V AA K S\nwhat's W AH T S\n");
    assert.match(model.languageModel, / what's a vox\n/);
  });

  it('leaves out and counts phrases that cannot be said in English', () => {
    const model = biasModel(['read', '你好', '!?'], DICTIONARY);
    assert.equal(model?.leftOutPhrases, 2);
    assert.deepEqual(model.expected, [['read']]);
  });

  it('is none without a phrase that can be said', () => {
    assert.equal(biasModel([], DICTIONARY), undefined);
    assert.equal(biasModel(['你好'], DICTIONARY), undefined);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { numberInWords, parseNumber, TOO_LARGE } from './spoken-number.ts';

function read(text: string): number | undefined {
  const words = text.split(' ');
  const parsed = parseNumber(words, 0);
  return parsed?.next === words.length ? parsed.value : undefined;
}

describe('spoken numbers', () => {
  const known: readonly (readonly [string, number])[] = [
    ['zero', 0], ['seven', 7], ['nineteen', 19], ['twenty', 20], ['twenty three', 23], ['a hundred', 100], ['one hundred and five', 105], ['twelve hundred', 1200],
    ['two thousand and five', 2005], ['two thousand three hundred forty one', 2341], ['a million', 1e6], ['3 million', 3e6], ['one million two thousand three', 1_002_003],
    ['three point one four', 3.14], ['point five', 0.5], ['zero point oh five', 0.05], ['minus four', -4], ['negative two point five', -2.5], ['12.75', 12.75],
  ];
  for (const [text, value] of known) it(`reads "${text}" as ${value}`, () => assert.equal(read(text), value));

  for (const text of ['', 'hello', 'three four', 'twenty twelve', 'thousand thousand', 'minus', 'a', 'three point', 'one thousand two thousand']) {
    it(`does not take "${text}" for one number`, () => assert.equal(read(text), undefined));
  }

  it('says decimals, signs and the hyphen of compound numbers', () => {
    assert.equal(numberInWords(-23.05), 'minus twenty-three point zero five');
    assert.equal(numberInWords(0.1 + 0.2), 'zero point three');
    assert.equal(numberInWords(-0), 'zero');
    assert.equal(numberInWords(1_000_000), 'one million');
  });

  it('does not say what is too large or no number', () => {
    for (const value of [TOO_LARGE, -TOO_LARGE, Infinity, NaN]) assert.equal(numberInWords(value), undefined);
  });

  it('understands every whole number it says', () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999_999_999, max: 999_999_999_999 }), (value) => {
        assert.equal(read((numberInWords(value) ?? '').replaceAll('-', ' ')), value);
      }),
    );
  });

  it('understands every decimal number it says', () => {
    fc.assert(
      fc.property(fc.integer({ min: -9_999_999, max: 9_999_999 }), fc.constantFrom(10, 100, 1000), (value, scale) => {
        const read_ = read((numberInWords(value / scale) ?? '').replaceAll('-', ' '));
        assert.ok(read_ !== undefined && Math.abs(read_ - value / scale) < 1e-9);
      }),
    );
  });
});

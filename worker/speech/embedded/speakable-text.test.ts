import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cutAtWords, speakableText } from './speakable-text.ts';

const EXPECTED: readonly (readonly [string, string])[] = [
  ['Hello there.', 'Hello there.'],
  ['It’s “fine”', 'It\'s "fine"'],
  ['wait — what', 'wait, what'],
  ['wait—what', 'wait, what'],
  ['pages 3–5', 'pages 3-5'],
  ['−4', '-4'],
  ['well…', 'well...'],
  ['café, naïve, Straße', 'cafe, naive, Strasse'],
  ['a *bold* _word_ and `code`', "a bold word and 'code'"],
  ['3 × 4 and 3*4', '3 times 4 and 3 times 4'],
  ['€5.20 and £3', '5.20 euros and 3 pounds'],
  ['20 °C', '20 degrees Celsius'],
  ['smile 😀 now', 'smile now'],
  ['a\u0000b\tc\r\nd', 'a b c d'],
  ['10:35, $5, 10%, you & me', '10:35, $5, 10%, you & me'],
  ['你好', ''],
  ['😀', ''],
  ['...', ''],
  ['  ', ''],
  ['', ''],
];

describe('speakableText', () => {
  for (const [text, spoken] of EXPECTED) it(`makes ${JSON.stringify(text)} ${JSON.stringify(spoken)}`, () => assert.equal(speakableText(text), spoken));

  it('is one line of ASCII for any string', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.match(speakableText(text), /^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/)));
  });
});

describe('cutAtWords', () => {
  it('cuts at spaces, and inside a word only where it must', () => {
    assert.deepEqual(cutAtWords('one two three', 8), ['one two', 'three']);
    assert.deepEqual(cutAtWords('abcdefghij kl', 4), ['abcd', 'efgh', 'ij', 'kl']);
    assert.deepEqual(cutAtWords('', 4), []);
  });

  it('loses nothing and exceeds nothing', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 20 }), (text, maxChars) => {
        const pieces = cutAtWords(text, maxChars);
        assert.equal(pieces.join('').replace(/\s/g, ''), text.replace(/\s/g, ''));
        assert.ok(pieces.every((piece) => piece.length > 0 && piece.length <= maxChars));
      }),
    );
  });
});

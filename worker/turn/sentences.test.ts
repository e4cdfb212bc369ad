import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SentenceSplitter } from './sentences.ts';

function split(...chunks: readonly string[]): readonly string[] {
  const splitter = new SentenceSplitter();
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.finish()];
}

const WORDS = 'a fairly long run of words that goes on, and on, without any end in sight but for a comma, of course';

const EXPECTED: readonly (readonly [string, readonly string[]])[] = [
  ['Hello. How are you? Fine!', ['Hello.', 'How are you?', 'Fine!']],
  ['Well… maybe. Or... not.', ['Well…', 'maybe.', 'Or...', 'not.']],
  ['One line\nanother line\r\n\nthird', ['One line', 'another line', 'third']],
  ['Dr. Smith met Mrs. Jones. They talked.', ['Dr. Smith met Mrs. Jones.', 'They talked.']],
  ['It costs 3.5 dollars. Cheap.', ['It costs 3.5 dollars.', 'Cheap.']],
  ['The answer is 3. Next.', ['The answer is 3.', 'Next.']],
  ['Fruit, e.g. apples. Good.', ['Fruit, e.g. apples.', 'Good.']],
  ['In the U.S. Army. Yes.', ['In the U.S. Army.', 'Yes.']],
  ['J. R. R. Tolkien wrote it. So did I. Really.', ['J. R. R. Tolkien wrote it.', 'So did I.', 'Really.']],
  ['See https://example.com/a?b=1.2!x now. Done.', ['See https://example.com/a?b=1.2!x now.', 'Done.']],
  ['At 5 p.m. today. At 5 p.m. Tomorrow too.', ['At 5 p.m. today.', 'At 5 p.m.', 'Tomorrow too.']],
  ['Apples, pears, etc. are fruit. Etc. Yes.', ['Apples, pears, etc. are fruit.', 'Etc.', 'Yes.']],
  ['No. 5 is alive. No. It is not.', ['No. 5 is alive.', 'No.', 'It is not.']],
  ['He said "Stop." Then (he left.) Gone.', ['He said "Stop."', 'Then (he left.)', 'Gone.']],
  ['1. Wash. 2. Dry.', ['1. Wash.', '2. Dry.']],
  ['What?! No!!! Ok', ['What?!', 'No!!!', 'Ok']],
  ['你好。再见！「好。」对', ['你好。', '再见！', '「好。」', '对']],
  ['Short, but whole: yes.', ['Short, but whole: yes.']],
  [`${WORDS}. Next, one, two.`, ['a fairly long run of words that goes on, and on, without any end in sight but for a comma,', 'of course.', 'Next, one, two.']],
  [`Hi. ${WORDS}.`, ['Hi.', `${WORDS}.`]],
  ['', []],
  [' \n ', []],
];

describe('SentenceSplitter', () => {
  for (const [text, sentences] of EXPECTED) it(`cuts ${JSON.stringify(text.slice(0, 60))}`, () => assert.deepEqual(split(text), sentences));

  it('gives a sentence as soon as its end is certain', () => {
    const splitter = new SentenceSplitter();
    assert.deepEqual(splitter.push('It is 3.'), []);
    assert.deepEqual(splitter.push('5. '), ['It is 3.5.']);
    assert.deepEqual(splitter.push('At 5 p.m. '), []);
    assert.deepEqual(splitter.push('N'), ['At 5 p.m.']);
    assert.deepEqual(splitter.finish(), ['N']);
    assert.deepEqual(splitter.finish(), []);
  });

  it('cuts endless sentences at a word, and endless words where it must', () => {
    const long = split('word '.repeat(100));
    assert.ok(long.length === 3 && long.every((sentence) => /^word(?: word)*$/.test(sentence)));
    assert.deepEqual(split('x'.repeat(500)).map((sentence) => sentence.length), [240, 240, 20]);
    assert.ok(split('😀'.repeat(300)).every((sentence) => !/[\uD800-\uDFFF]/u.test(sentence)));
  });

  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom('. ', '? ', '! ', '… ', '\n', ' ', '  ', ', ', 'Dr. ', 'e.g. ', 'p.m. ', 'No. ', 'etc. ', '3.5', '." ', 'A. ', '。', '」', 'Next', 'word', 'x'.repeat(90), 'many words '.repeat(12)),
  );
  const texts = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));

  it('keeps everything but white space, in order, in sentences that are trimmed and not too long', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const sentences = split(text);
        assert.equal(sentences.join('').replace(/\s/g, ''), text.replace(/\s/g, ''));
        assert.ok(sentences.every((sentence) => sentence === sentence.trim() && sentence !== '' && sentence.length <= 240));
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same sentences however the text is chopped', () => {
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), (text, sizes) => {
        const chunks: string[] = [];
        for (let at = 0, i = 0; at < text.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          chunks.push(text.slice(at, at + size));
          at += size;
        }
        assert.deepEqual(split(...chunks), split(text));
        assert.deepEqual(split(...text.split('')), split(text));
      }),
      { numRuns: 300 },
    );
  });
});

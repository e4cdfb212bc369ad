import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { sentencesOf } from '../turn/sentences.ts';
import { goingOnAfter, restOfAnswer } from './begun.ts';
import { collect } from './conformance/collect.ts';
import type { ResponderChunk } from './ports.ts';

const BEGUN = 'It rains today. Take an umbrella.';

async function* inPieces(text: string, length: number, isOver = false): AsyncGenerator<ResponderChunk> {
  for (let at = 0; at < text.length; at += length) yield { kind: 'text', text: text.slice(at, at + length) };
  if (isOver) yield { kind: 'end_call' };
}

/** What is left of an answer that comes in pieces of this length. */
async function fresh(text: string, begun = BEGUN, length = 3): Promise<string> {
  const chunks = await collect(goingOnAfter(inPieces(text, length), begun));
  return chunks.map((chunk) => (chunk.kind === 'text' ? chunk.text : '')).join('').trim();
}

const words = (text: string): string => text.trim().replaceAll(/\s+/g, ' ');
const sentence = fc.stringMatching(/^[A-Z][a-z]{1,8}( [a-z]{1,8}){0,6}[.!?]$/);
/** Whether they are so many sentences also to the splitter: "Ab a." may be the initial of a name. */
const areSentences = (all: readonly string[]): boolean => sentencesOf(all.join(' ')).length === all.length;
const answer = fc.array(sentence, { minLength: 1, maxLength: 8 });

describe('the rest of an answer that is made anew', () => {
  test('follows on what was said, however that was spaced', () => {
    assert.equal(restOfAnswer('One.\n\nTwo.  Three.', 'One. Two.').trim(), 'Three.');
    assert.equal(restOfAnswer('One. Two.', 'One. Two.'), '');
    assert.equal(restOfAnswer('One. Two.', undefined), 'One. Two.');
  });

  test('leaves out as many sentences as were said where the answer is not the same any more', () => {
    assert.equal(restOfAnswer('It is ten past two. What else?', 'It is nine past two.'), 'What else?');
    assert.equal(restOfAnswer('Short.', 'Something. Quite. Else.'), '');
  });

  test('is spoken in the very sentences of the whole', () => {
    fc.assert(fc.property(answer, fc.nat(8), (sentences, said) => {
      const whole = sentences.join(' ');
      const begun = sentencesOf(whole).slice(0, said);
      const rest = restOfAnswer(whole, begun.join(' '));
      assert.equal(words([...begun, rest].join(' ')), words(whole));
    }));
  });
});

describe('an answer that is to go on', () => {
  test('is left as it is where it goes on', async () => {
    assert.equal(await fresh('It will be dry tomorrow.'), 'It will be dry tomorrow.');
    assert.equal(await fresh('You need boots too.'), 'You need boots too.');
  });

  test('loses a repetition in front: of all, or of the end from some sentence on', async () => {
    for (const length of [1, 5, 1000]) {
      assert.equal(await fresh(`${BEGUN} Boots too.`, BEGUN, length), 'Boots too.');
      assert.equal(await fresh('Take an umbrella. Boots too.', BEGUN, length), 'Boots too.');
    }
  });

  test('that is a repetition and nothing else is nothing', async () => {
    assert.equal(await fresh(BEGUN), '');
    assert.equal(await fresh('Take an'), '');
  });

  test('hangs up where it does', async () => {
    const chunks = await collect(goingOnAfter(inPieces(`${BEGUN} Bye.`, 4, true), BEGUN));
    assert.equal(chunks.at(-1)?.kind, 'end_call');
    assert.deepEqual(await collect(goingOnAfter(inPieces(BEGUN, 4, true), BEGUN)), [{ kind: 'end_call' }]);
  });

  test('comes out whole after any beginning of it, whether it is repeated or not, however it is chopped', async () => {
    const distinct = fc.uniqueArray(sentence, { minLength: 2, maxLength: 8 }).filter((all) => !all.some((one) => all.some((other) => other !== one && other.startsWith(one.slice(0, 2)))) && areSentences(all));
    await fc.assert(fc.asyncProperty(distinct, fc.nat(6), fc.nat(6), fc.integer({ min: 1, max: 30 }), async (sentences, said, repeated, length) => {
      const count = Math.min(1 + said, sentences.length - 1);
      const from = Math.max(0, count - repeated);
      const rest = await fresh(sentences.slice(from).join(' '), sentences.slice(0, count).join(' '), length);
      assert.equal(words(rest), sentences.slice(count).join(' '));
    }));
  });
});

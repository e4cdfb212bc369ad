import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { heardText, type SpokenSentence } from './heard.ts';

const TWO: readonly SpokenSentence[] = [
  { text: 'Good morning to you.', startMs: 0, endMs: 2000 },
  { text: 'How are you?', startMs: 2000, endMs: 3200 },
];

test('nothing is heard of what was not played', () => {
  assert.equal(heardText(TWO, 0), '');
  assert.equal(heardText([], 1000), '');
});

test('whole sentences are heard once their audio is played', () => {
  assert.equal(heardText(TWO, 2000), 'Good morning to you.');
  assert.equal(heardText(TWO, 3200), 'Good morning to you. How are you?');
  assert.equal(heardText(TWO, Number.POSITIVE_INFINITY), 'Good morning to you. How are you?');
});

test('of a sentence that was cut only the words that fit are heard', () => {
  assert.equal(heardText(TWO, 300), '', 'not even the first word');
  assert.equal(heardText(TWO, 1300), 'Good morning');
  assert.equal(heardText(TWO, 2000 + 800), 'Good morning to you. How are');
});

test('a sentence of one word is heard whole or not at all', () => {
  assert.equal(heardText([{ text: 'Hello!', startMs: 0, endMs: 600 }], 599), '');
});

test('a sentence without audio counts as heard where it stands: its text was delivered', () => {
  assert.equal(heardText([{ text: 'Mute.', startMs: 100, endMs: 100 }], 100), 'Mute.');
  assert.equal(heardText([{ text: 'Mute.', startMs: 100, endMs: 100 }], 99), '');
});

test('what was heard is a beginning of what was said, ends with a whole word, and only grows', () => {
  const sentence = fc.record({ words: fc.array(fc.stringMatching(/^[a-zé']{1,9}[.,?]?$/), { minLength: 1, maxLength: 8 }), durationMs: fc.integer({ min: 1, max: 3000 }) });
  fc.assert(
    fc.property(fc.array(sentence, { maxLength: 5 }), fc.array(fc.nat(16_000), { minLength: 1, maxLength: 10 }), (said, cuts) => {
      let endMs = 0;
      const spoken = said.map(({ words, durationMs }) => ({ text: words.join(' '), startMs: endMs, endMs: (endMs += durationMs) }));
      const all = spoken.map(({ text }) => text).join(' ').split(' ');
      let longest = 0;
      for (const cutMs of cuts.sort((one, other) => one - other)) {
        const text = heardText(spoken, cutMs);
        const heard = text === '' ? [] : text.split(' ');
        assert.deepEqual(heard, all.slice(0, heard.length));
        assert.ok(heard.length >= longest);
        longest = heard.length;
      }
      assert.equal(heardText(spoken, endMs), all.join(' '));
    }),
  );
});

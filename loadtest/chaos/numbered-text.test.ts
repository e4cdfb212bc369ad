import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MOST_IDS, MOST_SAMPLES } from './numbered-samples.ts';
import { answerKeyOf, answerKeyOfSentence, answerPlan, answerToQuestion, callOfUtterance, damagedIn, questionText, rangesIn, sentencesIn, sentenceText, transcriptOf, utteranceId, utteranceSamples } from './numbered-text.ts';

test('a transcript says what was heard, and reads back as that', () => {
  const ranges = [{ id: 3, from: 0, to: 320 }, { id: 4, from: 640, to: 960 }];
  assert.deepEqual(rangesIn(transcriptOf(ranges, 0)), ranges);
  assert.equal(damagedIn(transcriptOf(ranges, 0)), 0);
  assert.equal(damagedIn(transcriptOf(ranges, 7)), 7);
  assert.equal(answerKeyOf('question 1-2'), undefined);
});

test('every answer to every utterance has sentences of its own, known by their ids', () => {
  fc.assert(fc.property(fc.nat(1023), fc.nat(1023), fc.nat(15), (call, index, part) => {
    const utterance = utteranceId(call, index);
    assert.equal(callOfUtterance(utterance), call);
    const plan = answerPlan({ utterance, part });
    assert.ok(plan.length >= 1 && plan.every(({ id, samples }) => id < MOST_IDS && samples < MOST_SAMPLES && samples % 320 === 0));
    for (const { id } of plan) assert.deepEqual(answerKeyOfSentence(id), { utterance, part });
    assert.deepEqual(sentencesIn(plan.map(sentenceText).join(' ')), plan);
  }));
});

test('an utterance that was not heard to its end has another answer than a whole one', () => {
  const id = utteranceId(1, 1);
  const samples = utteranceSamples(id);
  assert.deepEqual(answerKeyOf(transcriptOf([{ id, from: 0, to: samples }], 0)), { utterance: id, part: 0 });
  assert.deepEqual(answerKeyOf(transcriptOf([{ id, from: 0, to: 320 }], 0)), { utterance: id, part: 1 });
});

test('a typed question has one answer', () => {
  assert.equal(answerToQuestion(questionText(4, 2)), 'answer 4-2');
  assert.equal(answerToQuestion('heard 1:0-2'), undefined);
});

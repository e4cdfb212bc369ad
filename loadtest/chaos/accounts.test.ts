import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { callLog, exchange, exchangeWith, heard, heardAll, spoke, understood } from './account-fixture.ts';
import { accountAgent } from './agent-account.ts';
import { accountCaller } from './caller-account.ts';
import { answerPlan, transcriptOf } from './numbered-text.ts';
import { accountWords } from './word-account.ts';

const one = exchange(0, 0);
const two = exchange(0, 1);
const long = exchangeWith(0, 3);
const [first, second, third] = long.plan;

describe('the account of a caller', () => {
  test('finds nothing where everything spoken was understood once', () => {
    const account = accountCaller(callLog([spoke(one, 2000), understood(one, 1), spoke(two, 9000), understood(two, 2)]));
    assert.deepEqual(account, { spoken: one.samples + two.samples, lost: 0, repeated: 0, disordered: 0, damaged: 0, foreign: 0, untold: 0 });
  });

  test('finds a single lost sample', () => {
    const events = [spoke(one, 2000), understood(one, 1, [[0, 500], [501, one.samples]])];
    assert.equal(accountCaller(callLog(events)).lost, 1);
  });

  test('finds a whole utterance that nobody heard', () => {
    assert.equal(accountCaller(callLog([spoke(one, 2000), spoke(two, 9000), understood(two, 2)])).lost, one.samples);
  });

  test('finds what is in two turns', () => {
    const events = [spoke(one, 2000), understood(one, 1, [[0, 3200]]), understood(one, 2, [[1600, one.samples]])];
    assert.deepEqual([accountCaller(callLog(events)).repeated, accountCaller(callLog(events)).lost], [1600, 0]);
  });

  test('takes a turn that is told again, for the same turn', () => {
    assert.equal(accountCaller(callLog([spoke(one, 2000), understood(one, 1), understood(one, 1)])).repeated, 0);
  });

  test('finds what was heard after something spoken later', () => {
    const swapped = accountCaller(callLog([spoke(one, 2000), spoke(two, 9000), understood(two, 1), understood(one, 2)]));
    assert.equal(swapped.disordered, one.samples);
    const within = accountCaller(callLog([spoke(one, 2000), understood(one, 1, [[1600, one.samples], [0, 1600]])]));
    assert.deepEqual([within.disordered, within.lost, within.repeated], [1600, 0, 0]);
  });

  test('finds damage and other callers’ words', () => {
    const stranger = exchange(5, 0);
    const stored = [transcriptOf([{ id: one.id, from: 0, to: one.samples }], 3), transcriptOf([{ id: stranger.id, from: 0, to: 320 }], 0)];
    const account = accountCaller(callLog([spoke(one, 2000)], stored));
    assert.deepEqual([account.damaged, account.foreign], [3, 320]);
  });

  test('believes the store, and says what the caller was not told of it', () => {
    const stored = [transcriptOf([{ id: one.id, from: 0, to: one.samples }], 0), 'question 0-0'];
    const account = accountCaller(callLog([spoke(one, 2000)], stored));
    assert.deepEqual([account.lost, account.untold], [0, one.samples]);
    assert.equal(accountCaller(callLog([spoke(one, 2000), understood(one, 1)], [])).lost, one.samples);
  });
});

describe('the account of an agent', () => {
  test('finds nothing where every answer came whole', () => {
    const account = accountAgent(callLog([spoke(one, 2000), ...heardAll(one, 3000), spoke(two, 20_000), ...heardAll(two, 21_000)]));
    const samples = [...one.plan, ...two.plan].reduce((sum, sentence) => sum + sentence.samples, 0);
    const none = { lost: 0, repeated: 0, disordered: 0, damaged: 0, foreign: 0, sentencesRepeated: 0, sentencesSkipped: 0, doubleVoices: 0, unanswered: 0 };
    assert.deepEqual(account, { heard: samples, ...none });
  });

  test('finds a lost sample in a sentence, a lost end and a missing answer', () => {
    assert.equal(accountAgent(callLog([spoke(long, 0), heard(first, 1, [0, 100]), heard(first, 2, [101, first?.samples ?? 0]), heard(second, 3), heard(third, 4)])).lost, 1);
    const cut = accountAgent(callLog([spoke(long, 0), heard(first, 1), heard(second, 2)]));
    assert.deepEqual([cut.lost, cut.sentencesSkipped], [third?.samples, 1]);
    const silent = accountAgent(callLog([spoke(long, 0)]));
    assert.deepEqual([silent.unanswered, silent.lost], [1, long.plan.reduce((sum, { samples }) => sum + samples, 0)]);
  });

  test('finds a skipped sentence', () => {
    const account = accountAgent(callLog([spoke(long, 0), heard(first, 1), heard(third, 2)]));
    assert.deepEqual([account.sentencesSkipped, account.lost], [1, second?.samples]);
  });

  test('finds a repeated sentence and a repeated sample', () => {
    const again = accountAgent(callLog([spoke(long, 0), heard(first, 1), heard(first, 2), heard(second, 3), heard(third, 4)]));
    assert.deepEqual([again.sentencesRepeated, again.repeated, again.lost, again.doubleVoices], [1, first?.samples, 0, 0]);
    const twice = accountAgent(callLog([spoke(long, 0), heard(first, 1, [0, 100]), heard(first, 1, [99, first?.samples ?? 0]), heard(second, 3), heard(third, 4)]));
    assert.deepEqual([twice.repeated, twice.sentencesRepeated], [1, 1]);
  });

  test('finds two voices at once', () => {
    const events = [spoke(long, 0), heard(first, 1, [0, 320]), heard(second, 1, [0, 320]), heard(first, 1, [320, first?.samples ?? 0]), heard(second, 2, [320, second?.samples ?? 0]), heard(third, 3)];
    const account = accountAgent(callLog(events));
    assert.equal(account.doubleVoices, 2);
    assert.deepEqual([account.lost, account.repeated], [0, 0]);
    assert.equal(account.disordered, (first?.samples ?? 0) - 320);
  });

  test('excuses the rest of an answer that was interrupted, not a hole in its beginning', () => {
    const interrupted = [spoke(long, 0), heard(first, 1), { kind: 'clear', atMs: 2 } as const, spoke(two, 3, true), ...heardAll(two, 4)];
    assert.equal(accountAgent(callLog(interrupted)).lost, 0);
    const holed = [spoke(long, 0), heard(first, 1, [0, 320]), heard(first, 2, [640, 960]), spoke(two, 3, true), ...heardAll(two, 4)];
    assert.equal(accountAgent(callLog(holed)).lost, 320);
  });

  test('excuses the rest of an answer to half an utterance: the caller spoke on', () => {
    const half = answerPlan({ utterance: one.id, part: 2 });
    const events = [heard(half[0], 1, [0, 320]), spoke(one, 2), ...heardAll(one, 3)];
    assert.deepEqual([accountAgent(callLog(events)).lost, accountAgent(callLog(events)).doubleVoices], [0, 0]);
  });

  test('finds another caller’s answer and damage', () => {
    const stranger = exchange(7, 0);
    const account = accountAgent(callLog([heard(stranger.plan[0], 1, [0, 320]), { kind: 'damage', atMs: 2, samples: 5 }]));
    assert.deepEqual([account.foreign, account.damaged, account.heard], [320, 5, 0]);
  });
});

describe('the account of words', () => {
  test('counts what is missing and what is too many', () => {
    assert.deepEqual(accountWords(['go forward ten meters'], ['Go forward ten meters']), { said: 4, lost: 0, added: 0 });
    assert.deepEqual(accountWords(['go forward ten meters'], ['go forward', 'ten meters']), { said: 4, lost: 0, added: 0 });
    assert.deepEqual(accountWords(['go forward ten meters'], ['go ten meters', 'meters']), { said: 4, lost: 1, added: 1 });
    assert.deepEqual(accountWords(['go forward'], []), { said: 2, lost: 2, added: 0 });
  });
});

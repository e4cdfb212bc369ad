import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConversationItem } from '../../shared/session/record.ts';
import { extended, standingOf } from './history.ts';

const caller = (turn: number, text = `question ${turn}`): ConversationItem => ({ kind: 'caller', turn, text, atMs: turn });
const sentence = (turn: number, index = 0): ConversationItem => ({ kind: 'sentence', turn, index, text: `sentence ${turn}.${index}`, atMs: turn });
const agent = (turn: number, text = `answer ${turn}`, interrupted = false): ConversationItem => ({ kind: 'agent', turn, text, interrupted, atMs: turn });

test('a session of which nothing is stored stands at its beginning', () => {
  assert.deepEqual(standingOf([]), { history: [], turn: 0, unanswered: undefined });
});

test('a responder is shown what both said in order, of the agent only what was heard', () => {
  const { history } = standingOf([agent(1, 'Hello.'), caller(2), sentence(2), agent(2, 'It is', true), caller(3, '')]);
  assert.deepEqual(history, [
    { role: 'agent', text: 'Hello.' }, { role: 'caller', text: 'question 2' }, { role: 'agent', text: 'It is' }, { role: 'caller', text: '' },
  ]);
});

test('an agent turn of which nothing was heard is not shown, but it is an answer', () => {
  const { history, unanswered } = standingOf([caller(1), agent(1, '', true)]);
  assert.deepEqual([history.length, unanswered], [1, undefined]);
});

test('a caller turn that nothing was stored after is unanswered', () => {
  assert.equal(standingOf([caller(1), agent(1), caller(2)]).unanswered, 2);
});

test('an answer that was begun is not asked for again', () => {
  assert.equal(standingOf([caller(1), sentence(1)]).unanswered, undefined);
});

test('the highest turn number used counts, whoever used it', () => {
  assert.equal(standingOf([caller(4), agent(4), caller(3), sentence(7)]).turn, 7);
});

test('only the newest 60 contributions are shown', () => {
  const items = Array.from({ length: 100 }, (_, i) => caller(i + 1));
  const { history, turn } = standingOf(items);
  assert.deepEqual([history.length, history[0]?.text, turn], [60, 'question 41', 100]);
  const longer = extended(history, { role: 'agent', text: 'new' });
  assert.deepEqual([longer.length, longer[0]?.text, longer.at(-1)?.text], [60, 'question 42', 'new']);
  assert.equal(history.length, 60, 'what was shown before is left as it is');
});

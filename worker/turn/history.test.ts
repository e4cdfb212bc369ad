import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConversationItem } from '../../shared/session/record.ts';
import { extended, knownItems, standingOf, TEXT_TURN } from './history.ts';

const caller = (turn: number, text = `question ${turn}`, seq?: number): ConversationItem => ({ kind: 'caller', turn, text, atMs: turn, ...(seq === undefined ? {} : { seq }) });
const sentence = (turn: number, index = 0): ConversationItem => ({ kind: 'sentence', turn, index, text: `sentence ${turn}.${index}`, atMs: turn });
const spoken = (turn: number, index: number, startMs: number): ConversationItem => ({ kind: 'spoken', turn, index, startMs, atMs: turn });
const reply = (turn: number, hangUp = false): ConversationItem => ({ kind: 'reply', turn, hangUp, atMs: turn });
const text = (seq: number, answer: string): ConversationItem[] => [
  { kind: 'caller', turn: TEXT_TURN, text: `text ${seq}`, atMs: 0, seq }, { kind: 'agent', turn: TEXT_TURN, text: answer, interrupted: false, atMs: 0 },
];
const agent = (turn: number, text = `answer ${turn}`, interrupted = false): ConversationItem => ({ kind: 'agent', turn, text, interrupted, atMs: turn });

test('a session of which nothing is stored stands at its beginning', () => {
  assert.deepEqual(standingOf([]), { history: [], turn: 0, unanswered: undefined, unfinished: undefined, heardSeq: 0, texts: new Map() });
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

test('what a newer version stored is passed over, wherever it stands', () => {
  const summary = { kind: 'summary', text: 'They greet each other.', atMs: 1 } as object as ConversationItem;
  const [asked, answered] = text(4, 'yes');
  assert.ok(asked !== undefined && answered !== undefined);
  const items = [summary, caller(1), agent(1), asked, summary, answered, caller(2), summary];
  assert.deepEqual(standingOf(items), standingOf(items.filter((item) => item !== summary)));
  assert.equal(standingOf(items).unanswered, 2);
  assert.equal(knownItems(items).length, items.length - 3);
});

test('an answer that was begun is not asked for again', () => {
  assert.equal(standingOf([caller(1), sentence(1)]).unanswered, undefined);
});

test('a reply is unfinished until the agent\'s turn is stored, with what is known of each of its sentences', () => {
  const begun = [caller(1), sentence(1, 0), spoken(1, 0, 0), sentence(1, 1), sentence(1, 2), spoken(1, 1, 1240)];
  const sentences = [{ text: 'sentence 1.0', startMs: 0 }, { text: 'sentence 1.1', startMs: 1240 }, { text: 'sentence 1.2' }];
  assert.deepEqual(standingOf(begun).unfinished, { turn: 1, sentences, isComplete: false, hangUp: false });
  assert.deepEqual(standingOf([...begun, reply(1, true)]).unfinished, { turn: 1, sentences, isComplete: true, hangUp: true });
  assert.equal(standingOf([...begun, reply(1), agent(1)]).unfinished, undefined);
  assert.equal(standingOf([...begun, caller(2)]).unfinished, undefined, 'the caller went on');
});

test('a reply that is made anew is not what was made before', () => {
  const { unfinished } = standingOf([caller(1), sentence(1, 0), sentence(1, 1), reply(1), { ...sentence(1, 0), atMs: 9 }]);
  assert.deepEqual(unfinished, { turn: 1, sentences: [{ text: 'sentence 1.0' }], isComplete: false, hangUp: false });
});

test('texts written meanwhile neither end a reply nor answer what was spoken', () => {
  assert.equal(standingOf([caller(1), sentence(1), ...text(4, 'yes')]).unfinished?.turn, 1);
  assert.equal(standingOf([caller(1), ...text(4, 'yes')]).unanswered, 1);
});

test('it is known up to where the caller\'s audio was stored as turns', () => {
  assert.equal(standingOf([caller(1, 'one', 80), agent(1), caller(2, 'two', 140), ...text(150, 'yes')]).heardSeq, 140);
});

test('a text is known by its seq with its answer', () => {
  assert.deepEqual(standingOf([caller(1), ...text(4, 'yes'), ...text(7, '')]).texts, new Map([[4, 'yes'], [7, '']]));
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

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { UnfinishedReply } from './history.ts';
import { initialState, type TurnState } from './reducer.ts';
import type { TurnEffect, TurnEvent } from './turn-event.ts';
import { run as runFrom } from './turn-fixture.ts';

const SENTENCES = [{ text: 'One.', startMs: 0 }, { text: 'Two.' }];

function resume(changes: Partial<UnfinishedReply> = {}): TurnEvent {
  return { type: 'resume_reply', reply: { turn: 3, sentences: SENTENCES, isComplete: false, hangUp: false, ...changes }, fromMs: 700 };
}

function run(...events: readonly TurnEvent[]): { state: TurnState; effects: readonly TurnEffect[] } {
  return runFrom(events, initialState(3));
}

describe('a reply that an earlier owner began', () => {
  const spoken: TurnEffect = { type: 'resume_speech', turn: 3, sentences: SENTENCES, fromMs: 700 };

  test('goes on under its own number, and the responder is asked for the rest', () => {
    assert.deepEqual(run(resume()).effects, [spoken, { type: 'call_responder', turn: 3, begun: ['One.', 'Two.'] }]);
    assert.deepEqual(run(resume(), { type: 'sentence', turn: 3, text: 'Three.' }).effects, [{ type: 'speak', turn: 3, index: 2, text: 'Three.' }]);
  });

  test('is only spoken where it was complete, and nothing more belongs to it', () => {
    assert.deepEqual(run(resume({ isComplete: true })).effects, [spoken, { type: 'finish_speech', turn: 3 }]);
    const late = run(resume({ isComplete: true }), { type: 'sentence', turn: 3, text: 'Three.' });
    assert.deepEqual(late.effects, []);
  });

  test('is stored once it is played, and the agent hangs up where it was to', () => {
    const stored: TurnEffect = { type: 'commit_agent', turn: 3, interrupted: false };
    assert.deepEqual(run(resume({ isComplete: true }), { type: 'played_out', turn: 3 }).effects, [stored]);
    const over = run(resume({ isComplete: true, hangUp: true }), { type: 'played_out', turn: 3 });
    assert.deepEqual([over.state.phase, over.effects], ['listening', [stored, { type: 'hang_up' }]]);
  });

  test('is interrupted and cancelled like any other', () => {
    const silenced = ['cancel_responder', 'commit_agent', 'tell'];
    assert.deepEqual(run(resume(), { type: 'cancel' }).effects.map(({ type }) => type), silenced);
    const interrupted = run(resume(), { type: 'speech_started', atMs: 0 });
    assert.deepEqual(interrupted.effects.slice(0, 3).map(({ type }) => type), silenced);
    assert.deepEqual([interrupted.state.phase, interrupted.state.turn], ['hearing', 4]);
  });

  test('ends where the responder fails to go on with it', () => {
    const failed = run(resume(), { type: 'responder_failed', turn: 3, reason: 'stalled' });
    assert.deepEqual(failed.effects.map(({ type }) => type), ['tell', 'commit_reply', 'finish_speech']);
  });

  test('goes on before anything else is said of the agent\'s own accord', () => {
    const { state } = run(resume(), { type: 'say', sentences: ['By the way.'] });
    assert.deepEqual([state.turn, state.sayings], [3, [['By the way.']]]);
  });

  test('is let be where the conversation has gone on, or where nothing was made of it', () => {
    assert.deepEqual(run({ type: 'speech_started', atMs: 0 }, resume()).effects, []);
    assert.deepEqual(run(resume({ turn: 2 })).effects, []);
    assert.deepEqual(run(resume({ sentences: [] })).effects, []);
    assert.equal(run(resume(), resume()).effects.length, 0, 'once');
  });
});

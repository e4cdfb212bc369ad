import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { initialState, reduce } from './reducer.ts';
import type { TurnEvent } from './turn-event.ts';
import { CANCEL, CONFIG, ENDED, STARTED, TURN, WAYS, effectsOf, nothing, phaseAfter, playedOut, replyEnded, run, say, sentence } from './turn-fixture.ts';

describe('the agent answers', () => {
  test('the first sentence speaks while the rest is thought', () => {
    assert.equal(phaseAfter(...WAYS.speaking), 'speaking 1');
    assert.deepEqual(effectsOf(...WAYS.speaking), [{ type: 'speak', turn: 1, index: 0, text: 'Hi.' }]);
    assert.deepEqual(effectsOf(...WAYS.speaking, sentence(1), sentence(1, 'More.')), [{ type: 'speak', turn: 1, index: 2, text: 'More.' }]);
  });

  test('after the end of its reply a responder is not listened to any more', () => {
    const { state } = run([...WAYS.speaking, replyEnded(1, true)]);
    for (const event of [sentence(1), replyEnded(1), { type: 'responder_failed', turn: 1, reason: 'late' } as const]) assert.equal(reduce(state, event, CONFIG).state, state);
  });

  test('when the reply ends, the speech is to end too; what was heard is stored when it is played', () => {
    assert.deepEqual(effectsOf(...WAYS.speaking, replyEnded(1)), [{ type: 'commit_reply', turn: 1, hangUp: false }, { type: 'finish_speech', turn: 1 }]);
    assert.equal(phaseAfter(...WAYS.speaking, replyEnded(1)), 'speaking 1');
    assert.deepEqual(effectsOf(...WAYS.speaking, replyEnded(1), playedOut(1)), [{ type: 'commit_agent', turn: 1, interrupted: false }]);
    assert.equal(phaseAfter(...WAYS.speaking, replyEnded(1), playedOut(1)), 'listening 1');
  });

  test('the agent hangs up only after its last word was played and stored', () => {
    assert.deepEqual(effectsOf(...WAYS.speaking, replyEnded(1, true)), [{ type: 'commit_reply', turn: 1, hangUp: true }, { type: 'finish_speech', turn: 1 }]);
    assert.deepEqual(effectsOf(...WAYS.speaking, replyEnded(1, true), playedOut(1)), [
      { type: 'commit_agent', turn: 1, interrupted: false },
      { type: 'hang_up' },
    ]);
  });

  test('an answer without a word is stored as one, so that nobody gives it after all', () => {
    assert.deepEqual(effectsOf(...WAYS.thinking, replyEnded(1)), [{ type: 'commit_agent', turn: 1, interrupted: false }]);
    assert.equal(phaseAfter(...WAYS.thinking, replyEnded(1)), 'listening 1');
  });

  test('an agent without a word may hang up', () => {
    assert.deepEqual(effectsOf(...WAYS.thinking, replyEnded(1, true)).at(-1), { type: 'hang_up' });
  });

  test('a responder that fails before its first word is told of, and the caller may speak again', () => {
    const failed: TurnEvent = { type: 'responder_failed', turn: 1, reason: 'stalled' };
    assert.equal(phaseAfter(...WAYS.thinking, failed), 'listening 1');
    assert.deepEqual(effectsOf(...WAYS.thinking, failed), [
      { type: 'tell', event: { type: 'error', code: 'responder_failed', message: 'stalled' } },
      { type: 'commit_agent', turn: 1, interrupted: false },
    ]);
  });

  test('a responder that fails in its middle is told of, and what it said is spoken to its end', () => {
    const failed: TurnEvent = { type: 'responder_failed', turn: 1, reason: 'cut' };
    assert.deepEqual(effectsOf(...WAYS.speaking, failed).map(({ type }) => type), ['tell', 'commit_reply', 'finish_speech']);
    assert.deepEqual(effectsOf(...WAYS.speaking, failed, playedOut(1)), [{ type: 'commit_agent', turn: 1, interrupted: false }]);
  });

  test('what an earlier turn still brings is ignored', () => {
    const late: readonly TurnEvent[] = [sentence(0), replyEnded(0), playedOut(0), { type: 'responder_failed', turn: 0, reason: 'late' }];
    for (const event of late) {
      for (const way of Object.values(WAYS)) assert.deepEqual(reduce(run(way).state, event, CONFIG), { state: run(way).state, effects: [] });
    }
  });

  test('nothing can be played out before the first word', () => {
    assert.equal(phaseAfter(...WAYS.thinking, playedOut(1)), 'thinking 1');
  });

  test('a stored question that a lost owner did not answer is answered by the next', () => {
    const { state, effects } = run([{ type: 'unanswered' }], initialState(5));
    assert.deepEqual([state.phase, state.turn], ['thinking', 5]);
    assert.deepEqual(effects, [{ type: 'call_responder', turn: 5 }]);
    assert.deepEqual(effectsOf(STARTED, { type: 'unanswered' }), [], 'unless the caller is speaking already');
  });
});

describe('the caller interrupts', () => {
  test('speech over a speaking agent silences it at once, stores what was heard, and opens the next turn', () => {
    assert.equal(phaseAfter(...WAYS.speaking, STARTED), 'hearing 2');
    assert.deepEqual(effectsOf(...WAYS.speaking, STARTED).slice(0, 4), [
      { type: 'cancel_responder', turn: 1 },
      { type: 'commit_agent', turn: 1, interrupted: true },
      { type: 'tell', event: { type: 'clear' } },
      { type: 'start_recognizer', turn: 2, fromMs: 1000 },
    ]);
  });

  test('speech over a thinking agent cancels the thought; there is nothing to clear', () => {
    assert.deepEqual(effectsOf(...WAYS.thinking, STARTED).map(({ type }) => type), ['cancel_responder', 'start_recognizer', 'set_timer', 'tell']);
  });

  test('cancel silences a speaking agent and stores what was heard', () => {
    assert.equal(phaseAfter(...WAYS.speaking, CANCEL), 'listening 1');
    assert.deepEqual(effectsOf(...WAYS.speaking, CANCEL), effectsOf(...WAYS.speaking, STARTED).slice(0, 3));
  });

  test('an answer cancelled before its first word is stored as empty: no later owner gives it after all', () => {
    assert.equal(phaseAfter(...WAYS.thinking, CANCEL), 'listening 1');
    assert.deepEqual(effectsOf(...WAYS.thinking, CANCEL), [
      { type: 'cancel_responder', turn: 1 },
      { type: 'commit_agent', turn: 1, interrupted: true },
    ]);
  });

  test('cancel while the caller has the floor changes nothing', () => {
    for (const phase of ['listening', 'hearing', 'endpointing', 'transcribing'] as const) {
      const { state } = run(WAYS[phase]);
      assert.deepEqual(reduce(state, CANCEL, CONFIG), { state, effects: [] });
    }
  });

  test('what a silenced agent still had to say is not spoken', () => {
    for (const stop of [CANCEL, STARTED]) assert.deepEqual(effectsOf(...WAYS.speaking, stop, sentence(1, 'Late.')), []);
  });
});

describe('the agent speaks of its own accord', () => {
  test('a greeting is spoken as a turn of its own', () => {
    assert.equal(phaseAfter(say('Hello.', 'Who is it?')), 'speaking 1');
    assert.deepEqual(effectsOf(say('Hello.', 'Who is it?')), [
      { type: 'speak', turn: 1, index: 0, text: 'Hello.' },
      { type: 'speak', turn: 1, index: 1, text: 'Who is it?' },
      { type: 'commit_reply', turn: 1, hangUp: false }, { type: 'finish_speech', turn: 1 },
    ]);
    assert.deepEqual(effectsOf(say('Hello.'), playedOut(1)), [{ type: 'commit_agent', turn: 1, interrupted: false }]);
  });

  test('nothing to say is nothing said', () => {
    assert.deepEqual(run([say()]), { state: initialState(0), effects: [] });
  });

  test('the second of two answers that are spoken waits for the first to be played', () => {
    assert.deepEqual(effectsOf(say('One.'), say('Two.')), []);
    assert.deepEqual(effectsOf(say('One.'), say('Two.'), playedOut(1)), [
      { type: 'commit_agent', turn: 1, interrupted: false },
      { type: 'speak', turn: 2, index: 0, text: 'Two.' },
      { type: 'commit_reply', turn: 2, hangUp: false }, { type: 'finish_speech', turn: 2 },
    ]);
  });

  test('while the caller has the floor the agent waits, and answers that first', () => {
    for (const phase of ['hearing', 'endpointing', 'transcribing', 'thinking'] as const) {
      const { state } = run([...WAYS[phase], say('By the way.')]);
      assert.equal(state.phase, phase);
      assert.deepEqual(state.sayings, [['By the way.']]);
    }
    assert.deepEqual(effectsOf(...TURN, say('By the way.'), nothing(1)).at(1), { type: 'speak', turn: 2, index: 0, text: 'By the way.' });
  });

  test('of things to say no more than eight wait', () => {
    const many = Array.from({ length: 20 }, (_, no) => say(`Thing ${no}.`));
    assert.deepEqual(run([STARTED, ...many]).state.sayings.flat(), Array.from({ length: 8 }, (_, no) => `Thing ${no}.`));
  });

  test('a caller who interrupts or cancels does not hear the rest either', () => {
    for (const stop of [CANCEL, STARTED]) assert.deepEqual(run([say('One.'), say('Two.'), stop]).state.sayings, []);
    assert.equal(phaseAfter(say('One.'), say('Two.'), CANCEL), 'listening 1');
  });

  test('a caller who speaks on within a turn has interrupted nobody', () => {
    assert.deepEqual(run([STARTED, say('Later.'), ENDED, STARTED]).state.sayings, [['Later.']]);
  });

  test('an agent that hung up says nothing more', () => {
    assert.deepEqual(effectsOf(...WAYS.speaking, replyEnded(1, true), say('Wait.'), playedOut(1)).at(-1), { type: 'hang_up' });
  });
});

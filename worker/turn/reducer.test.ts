import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { initialState, reduce, type TurnState } from './reducer.ts';
import type { TurnEffect, TurnEvent } from './turn-event.ts';

const CONFIG = { endpointSilenceMs: 500, turnLimitMs: 60_000 };

const STARTED: TurnEvent = { type: 'speech_started', atMs: 1000 };
const ENDED: TurnEvent = { type: 'speech_ended', atMs: 2000 };
const SILENCE: TurnEvent = { type: 'silence', silentMs: 500 };
const CANCEL: TurnEvent = { type: 'cancel' };
const words = (turn: number, text = 'hello'): TurnEvent => ({ type: 'final', turn, transcript: { outcome: 'words', text } });
const nothing = (turn: number): TurnEvent => ({ type: 'final', turn, transcript: { outcome: 'nothing' } });
const sentence = (turn: number, text = 'Hi.'): TurnEvent => ({ type: 'sentence', turn, text });
const replyEnded = (turn: number, hangUp = false): TurnEvent => ({ type: 'reply_ended', turn, hangUp });
const playedOut = (turn: number): TurnEvent => ({ type: 'played_out', turn });
const say = (...sentences: readonly string[]): TurnEvent => ({ type: 'say', sentences });

/** One caller turn from its beginning until its final is awaited. */
const TURN = [STARTED, ENDED, SILENCE];

/** Ways into each phase, all in turn 1. */
const WAYS = {
  listening: [],
  hearing: [STARTED],
  endpointing: [STARTED, ENDED],
  transcribing: TURN,
  thinking: [...TURN, words(1)],
  speaking: [...TURN, words(1), sentence(1)],
} as const satisfies Record<TurnState['phase'], readonly TurnEvent[]>;

function run(events: readonly TurnEvent[], from = initialState(0)): { state: TurnState; effects: readonly TurnEffect[] } {
  return events.reduce<{ state: TurnState; effects: readonly TurnEffect[] }>((step, event) => reduce(step.state, event, CONFIG), { state: from, effects: [] });
}

/** What the last of these events brings about. */
function effectsOf(...events: readonly TurnEvent[]): readonly TurnEffect[] {
  return run(events).effects;
}

function phaseAfter(...events: readonly TurnEvent[]): string {
  const { phase, turn } = run(events).state;
  return `${phase} ${turn}`;
}

describe('the caller speaks', () => {
  test('speech opens a turn: a recognizer from where it began, a limit, and the caller is told', () => {
    assert.equal(phaseAfter(STARTED), 'hearing 1');
    assert.deepEqual(effectsOf(STARTED), [
      { type: 'start_recognizer', turn: 1, fromMs: 1000 },
      { type: 'set_timer', timer: 'limit', afterMs: 60_000 },
      { type: 'tell', event: { type: 'speech_started' } },
    ]);
  });

  test('turns are numbered on from those of an earlier owner', () => {
    assert.equal(run([STARTED], initialState(12)).state.turn, 13);
  });

  test('the end of speech is a pause: the recognizer may begin on its final, a timer watches for audio that stops', () => {
    assert.equal(phaseAfter(STARTED, ENDED), 'endpointing 1');
    assert.deepEqual(effectsOf(STARTED, ENDED), [
      { type: 'pause_recognizer', turn: 1 },
      { type: 'set_timer', timer: 'endpoint', afterMs: 800 },
      { type: 'tell', event: { type: 'speech_stopped' } },
    ]);
  });

  test('audio that stalls in the middle of speech is a pause too', () => {
    assert.deepEqual(run([STARTED, { type: 'audio_stalled' }]), run([STARTED, ENDED]));
  });

  test('a caller who speaks on within the pause is in the same turn', () => {
    assert.equal(phaseAfter(STARTED, ENDED, STARTED), 'hearing 1');
    assert.deepEqual(effectsOf(STARTED, ENDED, STARTED), [
      { type: 'clear_timer', timer: 'endpoint' },
      { type: 'resume_recognizer', turn: 1 },
      { type: 'tell', event: { type: 'speech_started' } },
    ]);
  });

  test('a pause shorter than the endpoint does not end the turn', () => {
    assert.equal(phaseAfter(STARTED, ENDED, { type: 'silence', silentMs: 499 }), 'endpointing 1');
    assert.deepEqual(effectsOf(STARTED, ENDED, { type: 'silence', silentMs: 499 }), []);
  });

  test('a pause as long as the endpoint ends the turn and asks for its final', () => {
    assert.equal(phaseAfter(...TURN), 'transcribing 1');
    assert.deepEqual(effectsOf(...TURN), [
      { type: 'clear_timer', timer: 'endpoint' },
      { type: 'clear_timer', timer: 'limit' },
      { type: 'finish_recognizer', turn: 1 },
    ]);
  });

  test('where no audio comes any more, the timer ends the turn as silence would', () => {
    assert.deepEqual(run([STARTED, ENDED, { type: 'timer', timer: 'endpoint' }]), run(TURN));
  });

  test('a turn is cut at its limit, in the middle of speech or in a pause', () => {
    assert.deepEqual(run([STARTED, { type: 'timer', timer: 'limit' }]), run(TURN));
    assert.deepEqual(run([STARTED, ENDED, { type: 'timer', timer: 'limit' }]), run(TURN));
  });

  test('partials of the open turn are told, late and foreign ones are not', () => {
    const partial = (turn: number): TurnEvent => ({ type: 'partial', turn, text: 'hel' });
    for (const phase of ['hearing', 'endpointing', 'transcribing'] as const) {
      assert.deepEqual(effectsOf(...WAYS[phase], partial(1)), [
        { type: 'tell', event: { type: 'transcript', role: 'caller', text: 'hel', final: false, turn: 1 } },
      ]);
      assert.deepEqual(effectsOf(...WAYS[phase], partial(2)), []);
    }
    for (const phase of ['listening', 'thinking', 'speaking'] as const) assert.deepEqual(effectsOf(...WAYS[phase], partial(1)), []);
  });
});

describe('a turn is understood', () => {
  test('words are told, stored, and only then answered', () => {
    assert.equal(phaseAfter(...TURN, words(1)), 'thinking 1');
    assert.deepEqual(effectsOf(...TURN, words(1, 'what time is it')), [
      { type: 'tell', event: { type: 'transcript', role: 'caller', text: 'what time is it', final: true, turn: 1 } },
      { type: 'commit_caller', turn: 1, text: 'what time is it' },
      { type: 'call_responder', turn: 1 },
    ]);
  });

  test('unclear speech is a turn with empty text: the agent may ask again', () => {
    const unclear: TurnEvent = { type: 'final', turn: 1, transcript: { outcome: 'unclear' } };
    assert.deepEqual(effectsOf(...TURN, unclear), effectsOf(...TURN, words(1, '')));
  });

  test('a cough is discarded and answered by nobody', () => {
    assert.equal(phaseAfter(...TURN, nothing(1)), 'listening 1');
    assert.deepEqual(effectsOf(...TURN, nothing(1)), [{ type: 'discard_turn', turn: 1 }]);
  });

  test('a recognizer that fails costs its turn alone, and the caller is told', () => {
    const failed: TurnEvent = { type: 'recognizer_failed', turn: 1, reason: 'cut' };
    assert.equal(phaseAfter(...TURN, failed), 'listening 1');
    assert.deepEqual(effectsOf(...TURN, failed), [
      { type: 'discard_turn', turn: 1 },
      { type: 'tell', event: { type: 'error', code: 'recognizer_failed', message: 'cut' } },
    ]);
  });

  test('a caller who spoke on before the final came is answered once, after the later turn', () => {
    const earlier = [...TURN, STARTED, words(1)];
    assert.equal(phaseAfter(...earlier), 'hearing 2');
    assert.deepEqual(effectsOf(...earlier).map(({ type }) => type), ['tell', 'commit_caller']);
    assert.deepEqual(effectsOf(...earlier, ENDED, SILENCE, words(2)).at(-1), { type: 'call_responder', turn: 2 });
  });

  test('a cough after a question does not lose its answer, whether the question was understood before or after the cough began', () => {
    const coughs: readonly (readonly TurnEvent[])[] = [
      [...TURN, words(1), STARTED, ENDED, SILENCE, nothing(2)],
      [...TURN, STARTED, words(1), ENDED, SILENCE, nothing(2)],
      [...TURN, STARTED, ENDED, SILENCE, words(1), { type: 'recognizer_failed', turn: 2, reason: 'cut' }],
      [...TURN, words(1), ...TURN, STARTED, nothing(2), ENDED, STARTED, ENDED, SILENCE, nothing(3)],
    ];
    for (const events of coughs) {
      const { state, effects } = run(events);
      assert.equal(state.phase, 'thinking');
      assert.deepEqual(effects.at(-1), { type: 'call_responder', turn: state.turn });
    }
  });

  test('once answered, a question is not answered again after a cough', () => {
    const answered = [...WAYS.speaking, replyEnded(1), playedOut(1)];
    assert.equal(phaseAfter(...answered, ...TURN, nothing(2)), 'listening 2');
    assert.equal(phaseAfter(...WAYS.speaking, ...TURN, nothing(2)), 'listening 2', 'an answer that was interrupted is one');
  });
});

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

test('an event that means nothing in a phase leaves the very same state, and nothing is done', () => {
  const meaningless: Record<TurnState['phase'], readonly TurnEvent[]> = {
    listening: [ENDED, SILENCE, { type: 'audio_stalled' }, { type: 'timer', timer: 'endpoint' }, { type: 'timer', timer: 'limit' }, CANCEL, sentence(0), replyEnded(0), playedOut(0)],
    hearing: [STARTED, SILENCE, { type: 'timer', timer: 'endpoint' }, CANCEL, { type: 'unanswered' }, sentence(1), replyEnded(1), playedOut(1)],
    endpointing: [ENDED, { type: 'audio_stalled' }, CANCEL, { type: 'unanswered' }, sentence(1), replyEnded(1), playedOut(1)],
    transcribing: [ENDED, SILENCE, { type: 'audio_stalled' }, { type: 'timer', timer: 'endpoint' }, { type: 'timer', timer: 'limit' }, CANCEL, { type: 'unanswered' }, sentence(1)],
    thinking: [ENDED, SILENCE, { type: 'audio_stalled' }, { type: 'timer', timer: 'endpoint' }, { type: 'timer', timer: 'limit' }, { type: 'unanswered' }, sentence(2), playedOut(1)],
    speaking: [ENDED, SILENCE, { type: 'audio_stalled' }, { type: 'timer', timer: 'endpoint' }, { type: 'timer', timer: 'limit' }, { type: 'unanswered' }, sentence(2), playedOut(2)],
  };
  for (const [phase, events] of Object.entries(meaningless)) {
    const { state } = run(Object.entries(WAYS).find(([name]) => name === phase)?.[1] ?? []);
    for (const event of events) {
      const step = reduce(state, event, CONFIG);
      assert.equal(step.state, state, `${event.type} while ${phase}`);
      assert.deepEqual(step.effects, []);
    }
  }
});

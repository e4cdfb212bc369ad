import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { initialState, reduce, type TurnState } from './reducer.ts';
import type { TurnEvent } from './turn-event.ts';
import { CANCEL, CONFIG, ENDED, SILENCE, STARTED, TURN, WAYS, effectsOf, nothing, phaseAfter, playedOut, replyEnded, run, sentence, words } from './turn-fixture.ts';

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

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markOf, type TurnMark } from './mark.ts';
import { reduce, type TurnState } from './reducer.ts';
import type { TurnEvent } from './turn-event.ts';

const CONFIG = { endpointSilenceMs: 400, turnLimitMs: 30_000 };
const SPEAKING: TurnState = { phase: 'speaking', turn: 2, sentences: 1, reply: 'ended', sayings: [] };
const THINKING: TurnState = { phase: 'thinking', turn: 2, sayings: [] };
const LISTENING: TurnState = { phase: 'listening', turn: 2, sayings: [] };

function marked(state: TurnState, event: TurnEvent): TurnMark | undefined {
  return markOf(event, state, reduce(state, event, CONFIG).effects);
}

test('why the agent stopped is told by what made it stop', () => {
  const cases: readonly [TurnState, TurnEvent, TurnMark['reason']][] = [
    [SPEAKING, { type: 'played_out', turn: 2 }, 'played'],
    [{ ...SPEAKING, reply: 'hang_up' }, { type: 'played_out', turn: 2 }, 'hung_up'],
    [SPEAKING, { type: 'speech_started', atMs: 9 }, 'barge_in'],
    [SPEAKING, { type: 'cancel' }, 'cancelled'],
    [THINKING, { type: 'cancel' }, 'cancelled'],
    [SPEAKING, { type: 'cancel', isCallerGone: true }, 'caller_gone'],
    [THINKING, { type: 'reply_ended', turn: 2, hangUp: false }, 'nothing_said'],
    [THINKING, { type: 'reply_ended', turn: 2, hangUp: true }, 'hung_up'],
    [THINKING, { type: 'responder_failed', turn: 2, reason: 'x' }, 'responder_failed'],
    [{ ...SPEAKING, reply: 'open' }, { type: 'responder_failed', turn: 2, reason: 'x' }, 'responder_failed'],
    [LISTENING, { type: 'unanswered' }, 'taken_over'],
    [LISTENING, { type: 'resume_reply', reply: { turn: 2, sentences: [{ text: 'a' }], isComplete: true, hangUp: false }, fromMs: 0 }, 'taken_over'],
  ];
  for (const [state, event, reason] of cases) assert.deepEqual(marked(state, event), { turn: 2, reason }, `${state.phase} ${event.type}`);
});

test('what stops nobody is no mark: late words, speech while listening, a cancel of nothing', () => {
  const cases: readonly [TurnState, TurnEvent][] = [
    [SPEAKING, { type: 'played_out', turn: 1 }], [LISTENING, { type: 'speech_started', atMs: 1 }], [LISTENING, { type: 'cancel' }],
    [LISTENING, { type: 'responder_failed', turn: 2, reason: 'late' }], [THINKING, { type: 'sentence', turn: 2, text: 'Yes.' }], [SPEAKING, { type: 'unanswered' }],
  ];
  for (const [state, event] of cases) assert.equal(marked(state, event), undefined, `${state.phase} ${event.type}`);
});

import type { MarkReason } from '../../shared/session/record.ts';
import type { TurnState } from './reducer.ts';
import type { TurnEffect, TurnEvent } from './turn-event.ts';

/** What operators are to know of a turn, as a decision shows it. */
export interface TurnMark {
  readonly turn: number;
  readonly reason: MarkReason;
}

/** Why the agent stopped, or another worker's turn goes on: of the event that was decided on, the state before, and what is to be done for it. */
export function markOf(event: TurnEvent, before: TurnState, effects: readonly TurnEffect[]): TurnMark | undefined {
  switch (event.type) {
    case 'recognizer_failed':
      return { turn: event.turn, reason: 'recognizer_failed' };
    case 'responder_failed':
      return effects.length === 0 ? undefined : { turn: event.turn, reason: 'responder_failed' };
    case 'resume_reply':
      return effects.length === 0 ? undefined : { turn: event.reply.turn, reason: 'taken_over' };
    case 'unanswered':
      return effects.length === 0 ? undefined : { turn: before.turn, reason: 'taken_over' };
    default:
      return stopMark(event, before, effects);
  }
}

function stopMark(event: TurnEvent, before: TurnState, effects: readonly TurnEffect[]): TurnMark | undefined {
  const stop = effects.find((effect) => effect.type === 'commit_agent');
  const reason = stop === undefined ? undefined : stopReason(event, before);
  return stop === undefined || reason === undefined ? undefined : { turn: stop.turn, reason };
}

function stopReason(event: TurnEvent, before: TurnState): MarkReason | undefined {
  switch (event.type) {
    case 'played_out':
      return before.phase === 'speaking' && before.reply === 'hang_up' ? 'hung_up' : 'played';
    case 'reply_ended':
      return event.hangUp ? 'hung_up' : 'nothing_said';
    case 'speech_started':
      return 'barge_in';
    case 'cancel':
      return event.isCallerGone === true ? 'caller_gone' : 'cancelled';
    default:
      return undefined;
  }
}

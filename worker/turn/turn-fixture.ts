import { initialState, reduce, type TurnState } from './reducer.ts';
import type { TurnEffect, TurnEvent } from './turn-event.ts';

/** How long a pause ends a turn, and what a turn may take. */
export const CONFIG = { endpointSilenceMs: 500, turnLimitMs: 60_000 };

/** The caller begins to speak. */
export const STARTED: TurnEvent = { type: 'speech_started', atMs: 1000 };
/** The caller stops. */
export const ENDED: TurnEvent = { type: 'speech_ended', atMs: 2000 };
/** A pause as long as the endpoint. */
export const SILENCE: TurnEvent = { type: 'silence', silentMs: 500 };
/** The caller cancels what is answered. */
export const CANCEL: TurnEvent = { type: 'cancel' };
/** The final of a turn: words. */
export const words = (turn: number, text = 'hello'): TurnEvent => ({ type: 'final', turn, transcript: { outcome: 'words', text } });
/** The final of a turn: no speech. */
export const nothing = (turn: number): TurnEvent => ({ type: 'final', turn, transcript: { outcome: 'nothing' } });
/** A sentence of the reply of a turn. */
export const sentence = (turn: number, text = 'Hi.'): TurnEvent => ({ type: 'sentence', turn, text });
/** The reply of a turn is over. */
export const replyEnded = (turn: number, hangUp = false): TurnEvent => ({ type: 'reply_ended', turn, hangUp });
/** The caller heard the reply of a turn to its end. */
export const playedOut = (turn: number): TurnEvent => ({ type: 'played_out', turn });
/** The agent speaks of its own accord. */
export const say = (...sentences: readonly string[]): TurnEvent => ({ type: 'say', sentences });

/** One caller turn from its beginning until its final is awaited. */
export const TURN = [STARTED, ENDED, SILENCE];

/** Ways into each phase, all in turn 1. */
export const WAYS = {
  listening: [],
  hearing: [STARTED],
  endpointing: [STARTED, ENDED],
  transcribing: TURN,
  thinking: [...TURN, words(1)],
  speaking: [...TURN, words(1), sentence(1)],
} as const satisfies Record<TurnState['phase'], readonly TurnEvent[]>;

/** The state after these events, and what the last of them brings about. */
export function run(events: readonly TurnEvent[], from = initialState(0)): { state: TurnState; effects: readonly TurnEffect[] } {
  return events.reduce<{ state: TurnState; effects: readonly TurnEffect[] }>((step, event) => reduce(step.state, event, CONFIG), { state: from, effects: [] });
}

/** What the last of these events brings about. */
export function effectsOf(...events: readonly TurnEvent[]): readonly TurnEffect[] {
  return run(events).effects;
}

/** The phase after these events and the number of its turn. */
export function phaseAfter(...events: readonly TurnEvent[]): string {
  const { phase, turn } = run(events).state;
  return `${phase} ${turn}`;
}

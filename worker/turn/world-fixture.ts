import type { FinalTranscript } from '../speech/ports.ts';
import { initialState, reduce, type TurnState } from './reducer.ts';
import type { TurnEffect, TurnEvent } from './turn-event.ts';
import { CONFIG } from './turn-fixture.ts';

/** What a world outside of the reducer may do next; what it means depends on what the reducer asked for before. */
export const happenings = [
  'speech_started', 'speech_ended', 'silence', 'audio_stalled', 'endpoint_timer', 'limit_timer', 'partial', 'words', 'unclear', 'nothing',
  'recognizer_failed', 'sentence', 'late_sentence', 'reply_ended', 'reply_hangs_up', 'responder_failed', 'played_out', 'say', 'cancel',
] as const;
/** One of them, or what a call comes to next. */
export type Happening = (typeof happenings)[number] | 'goes_on';

/** What a call comes to where nobody interrupts and nothing fails. */
const GOES_ON = {
  listening: 'speech_started', hearing: 'speech_ended', endpointing: 'endpoint_timer', transcribing: 'words', thinking: 'sentence', speaking: 'sentence',
} as const satisfies Record<TurnState['phase'], Happening>;

/**
 * The world around the reducer, as the session's parts behave: finals come once each and in the order in which they were
 * asked for, a responder speaks only once it is called and ends once, what is played out was finished before.
 */
export class World {
  readonly events: TurnEvent[] = [];
  readonly effects: TurnEffect[] = [];
  readonly finalsGiven: number[] = [];
  state: TurnState;
  #awaited: number[] = [];
  #replying: number | undefined;
  #finished: number | undefined;
  #lastReplying = 0;

  constructor(turn: number) {
    this.state = initialState(turn);
  }

  /** Brings this about, where what the reducer asked for allows it. */
  happen(happening: Happening): void {
    const event = this.#eventOf(happening === 'goes_on' ? GOES_ON[this.state.phase] : happening);
    if (event !== undefined) this.take(event);
  }

  /** The reducer gets this event, and what it asks for is begun. Throws where its turn number decreases. */
  take(event: TurnEvent): void {
    const { state, effects } = reduce(this.state, event, CONFIG);
    if (state.turn < this.state.turn) throw new Error(`turn numbers never decrease, but ${state.turn} followed on ${this.state.turn}`);
    this.state = state;
    this.events.push(event);
    for (const effect of effects) this.#carryOut(effect);
  }

  /** Gives the finals that are still awaited. */
  settle(as: Happening): void {
    while (this.#awaited.length > 0) this.happen(as);
  }

  #carryOut(effect: TurnEffect): void {
    this.effects.push(effect);
    if (effect.type === 'finish_recognizer') this.#awaited.push(effect.turn);
    if (effect.type === 'call_responder') this.#replying = this.#lastReplying = effect.turn;
    if (effect.type === 'cancel_responder') this.#replying = undefined;
    if (effect.type === 'resume_speech') this.#lastReplying = effect.turn;
    if (effect.type === 'finish_speech') this.#finished = effect.turn;
    if (effect.type === 'commit_agent') this.#finished = undefined;
  }

  #eventOf(happening: Exclude<Happening, 'goes_on'>): TurnEvent | undefined {
    switch (happening) {
      case 'speech_started':
      case 'speech_ended':
        return { type: happening, atMs: this.events.length };
      case 'silence':
        return { type: 'silence', silentMs: 100 * (this.events.length % 10) };
      case 'endpoint_timer':
        return { type: 'timer', timer: 'endpoint' };
      case 'limit_timer':
        return { type: 'timer', timer: 'limit' };
      case 'partial':
        return { type: 'partial', turn: this.state.turn, text: 'wor' };
      case 'words':
        return this.#final({ outcome: 'words', text: 'words' });
      case 'unclear':
      case 'nothing':
        return this.#final({ outcome: happening });
      case 'recognizer_failed': {
        const turn = this.#nextFinal();
        return turn === undefined ? undefined : { type: 'recognizer_failed', turn, reason: 'cut' };
      }
      case 'sentence':
        return this.#replying === undefined ? undefined : { type: 'sentence', turn: this.#replying, text: 'Well.' };
      case 'late_sentence':
        return this.#replying === undefined ? { type: 'sentence', turn: this.#lastReplying, text: 'Late.' } : undefined;
      case 'reply_ended':
      case 'reply_hangs_up':
      case 'responder_failed':
        return this.#replyEnds(happening);
      case 'played_out':
        return this.#finished === undefined ? undefined : { type: 'played_out', turn: this.#finished };
      case 'say':
        return { type: 'say', sentences: ['By the way.'] };
      case 'audio_stalled':
      case 'cancel':
        return { type: happening };
    }
  }

  #final(transcript: FinalTranscript): TurnEvent | undefined {
    const turn = this.#nextFinal();
    return turn === undefined ? undefined : { type: 'final', turn, transcript };
  }

  #nextFinal(): number | undefined {
    const turn = this.#awaited.shift();
    if (turn !== undefined) this.finalsGiven.push(turn);
    return turn;
  }

  #replyEnds(how: 'reply_ended' | 'reply_hangs_up' | 'responder_failed'): TurnEvent | undefined {
    const turn = this.#replying;
    this.#replying = undefined;
    if (turn === undefined) return undefined;
    if (how === 'responder_failed') return { type: 'responder_failed', turn, reason: 'stalled' };
    return { type: 'reply_ended', turn, hangUp: how === 'reply_hangs_up' };
  }
}

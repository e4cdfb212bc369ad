import type { TurnEffect, TurnEvent } from './turn-event.ts';

/** What a conversation is doing now. `turn` is the number of the newest turn. */
export type TurnState =
  | { readonly phase: 'listening'; readonly turn: number }
  /** The caller speaks. */
  | { readonly phase: 'hearing'; readonly turn: number }
  /** The caller paused; whether the turn is over is not decided yet. */
  | { readonly phase: 'endpointing'; readonly turn: number }
  /** The turn is over; its final transcript is awaited. */
  | { readonly phase: 'transcribing'; readonly turn: number }
  /** The responder was asked and has said nothing yet. */
  | { readonly phase: 'thinking'; readonly turn: number }
  /** The agent speaks; `sentences` were given to the synthesizer so far. */
  | { readonly phase: 'speaking'; readonly turn: number; readonly sentences: number; readonly reply: 'open' | 'ended' | 'hang_up' };

/** What the reducer's decisions depend on besides events. */
export interface TurnConfig {
  /** Silence after speech that ends the caller's turn. */
  readonly endpointSilenceMs: number;
  /** A caller's turn is cut here. */
  readonly turnLimitMs: number;
}

/** A decision: the new state and what is to be done for it. */
export interface TurnStep {
  readonly state: TurnState;
  readonly effects: readonly TurnEffect[];
}

/** If audio stops coming altogether, the wall clock ends the turn this much later than the audio would have. */
const TIMER_SLACK_MS = 300;

const NOTHING: readonly TurnEffect[] = [];

/** Where every conversation begins; `turn` is the highest turn number already used. */
export function initialState(turn: number): TurnState {
  return { phase: 'listening', turn };
}

/**
 * The turn-taking rules, all of them: a pure function of state and event. An event that means nothing in a state (a late
 * token of a cancelled turn, a timer that fired too late) leaves the state as it is.
 */
export function reduce(state: TurnState, event: TurnEvent, config: TurnConfig): TurnStep {
  switch (event.type) {
    case 'speech_started':
      return speechStarted(state, event.atMs, config);
    case 'speech_ended':
    case 'audio_stalled':
      return state.phase === 'hearing' ? paused(state.turn, config) : stay(state);
    case 'silence':
      return state.phase === 'endpointing' && event.silentMs >= config.endpointSilenceMs ? endpoint(state.turn) : stay(state);
    case 'timer':
      return timerFired(state, event.timer);
    case 'partial':
      return partial(state, event.turn, event.text);
    case 'final':
    case 'recognizer_failed':
      return transcribed(state, event);
    case 'sentence':
    case 'reply_ended':
    case 'responder_failed':
    case 'played_out':
      return event.turn === state.turn ? replied(state, event) : stay(state);
    case 'say':
      return say(state, event.sentences);
    case 'unanswered':
      return state.phase === 'listening' ? respond(state.turn, NOTHING) : stay(state);
    case 'cancel':
      return { state: isAgentsTurn(state) ? listening(state.turn) : state, effects: silenced(state) };
  }
}

function stay(state: TurnState): TurnStep {
  return { state, effects: NOTHING };
}

function listening(turn: number): TurnState {
  return { phase: 'listening', turn };
}

function isAgentsTurn(state: TurnState): boolean {
  return state.phase === 'thinking' || state.phase === 'speaking';
}

/** What stops the agent: nothing where it is not its turn. */
function silenced(state: TurnState): readonly TurnEffect[] {
  if (!isAgentsTurn(state)) return NOTHING;
  const { turn } = state;
  const cancelled: TurnEffect = { type: 'cancel_responder', turn };
  if (state.phase !== 'speaking') return [cancelled];
  return [cancelled, { type: 'commit_agent', turn, interrupted: true }, { type: 'tell', event: { type: 'clear' } }];
}

function speechStarted(state: TurnState, fromMs: number, config: TurnConfig): TurnStep {
  const told: TurnEffect = { type: 'tell', event: { type: 'speech_started' } };
  if (state.phase === 'hearing') return stay(state);
  if (state.phase === 'endpointing') {
    const { turn } = state;
    return {
      state: { phase: 'hearing', turn },
      effects: [{ type: 'clear_timer', timer: 'endpoint' }, { type: 'resume_recognizer', turn }, told],
    };
  }
  const turn = state.turn + 1;
  return {
    state: { phase: 'hearing', turn },
    effects: [
      ...silenced(state),
      { type: 'start_recognizer', turn, fromMs },
      { type: 'set_timer', timer: 'limit', afterMs: config.turnLimitMs },
      told,
    ],
  };
}

function paused(turn: number, config: TurnConfig): TurnStep {
  return {
    state: { phase: 'endpointing', turn },
    effects: [
      { type: 'pause_recognizer', turn },
      { type: 'set_timer', timer: 'endpoint', afterMs: config.endpointSilenceMs + TIMER_SLACK_MS },
      { type: 'tell', event: { type: 'speech_stopped' } },
    ],
  };
}

function endpoint(turn: number): TurnStep {
  return {
    state: { phase: 'transcribing', turn },
    effects: [
      { type: 'clear_timer', timer: 'endpoint' },
      { type: 'clear_timer', timer: 'limit' },
      { type: 'finish_recognizer', turn },
    ],
  };
}

function timerFired(state: TurnState, timer: 'endpoint' | 'limit'): TurnStep {
  if (timer === 'endpoint') return state.phase === 'endpointing' ? endpoint(state.turn) : stay(state);
  return state.phase === 'endpointing' || state.phase === 'hearing' ? endpoint(state.turn) : stay(state);
}

function partial(state: TurnState, turn: number, text: string): TurnStep {
  const isOpen = state.phase === 'hearing' || state.phase === 'endpointing' || state.phase === 'transcribing';
  if (!isOpen || turn !== state.turn) return stay(state);
  return { state, effects: [{ type: 'tell', event: { type: 'transcript', role: 'caller', text, final: false, turn } }] };
}

function transcribed(
  state: TurnState,
  event: Extract<TurnEvent, { type: 'final' | 'recognizer_failed' }>,
): TurnStep {
  const { turn } = event;
  const isCurrent = state.phase === 'transcribing' && state.turn === turn;
  if (event.type === 'recognizer_failed') {
    const effects: TurnEffect[] = [
      { type: 'discard_turn', turn },
      { type: 'tell', event: { type: 'error', code: 'recognizer_failed', message: event.reason } },
    ];
    return { state: isCurrent ? listening(turn) : state, effects };
  }
  if (event.transcript.outcome === 'nothing') {
    return { state: isCurrent ? listening(turn) : state, effects: [{ type: 'discard_turn', turn }] };
  }
  const text = event.transcript.outcome === 'words' ? event.transcript.text : '';
  const kept: TurnEffect[] = [
    { type: 'tell', event: { type: 'transcript', role: 'caller', text, final: true, turn } },
    { type: 'commit_caller', turn, text },
  ];
  // A caller who spoke on before the final came is answered once, after the later turn.
  return isCurrent ? respond(turn, kept) : { state, effects: kept };
}

function respond(turn: number, before: readonly TurnEffect[]): TurnStep {
  return { state: { phase: 'thinking', turn }, effects: [...before, { type: 'call_responder', turn }] };
}

function replied(
  state: TurnState,
  event: Extract<TurnEvent, { type: 'sentence' | 'reply_ended' | 'responder_failed' | 'played_out' }>,
): TurnStep {
  if (state.phase === 'thinking') return repliedFirst(state.turn, event);
  if (state.phase !== 'speaking') return stay(state);
  const { turn } = state;
  if (event.type === 'sentence') {
    const { sentences } = state;
    return {
      state: { ...state, sentences: sentences + 1 },
      effects: [{ type: 'speak', turn, index: sentences, text: event.text }],
    };
  }
  if (event.type === 'played_out') {
    const committed: TurnEffect = { type: 'commit_agent', turn, interrupted: false };
    return { state: listening(turn), effects: state.reply === 'hang_up' ? [committed, { type: 'hang_up' }] : [committed] };
  }
  const reply = event.type === 'reply_ended' && event.hangUp ? 'hang_up' : 'ended';
  return { state: { ...state, reply }, effects: [...failure(event), { type: 'finish_speech', turn }] };
}

/** The first thing that comes of a responder decides whether there is anything to speak. */
function repliedFirst(
  turn: number,
  event: Extract<TurnEvent, { type: 'sentence' | 'reply_ended' | 'responder_failed' | 'played_out' }>,
): TurnStep {
  if (event.type === 'sentence') {
    return {
      state: { phase: 'speaking', turn, sentences: 1, reply: 'open' },
      effects: [{ type: 'speak', turn, index: 0, text: event.text }],
    };
  }
  const hangUp: readonly TurnEffect[] = event.type === 'reply_ended' && event.hangUp ? [{ type: 'hang_up' }] : NOTHING;
  return { state: listening(turn), effects: [...failure(event), ...hangUp] };
}

function failure(event: TurnEvent): readonly TurnEffect[] {
  if (event.type !== 'responder_failed') return NOTHING;
  return [{ type: 'tell', event: { type: 'error', code: 'responder_failed', message: event.reason } }];
}

function say(state: TurnState, sentences: readonly string[]): TurnStep {
  if (state.phase !== 'listening' || sentences.length === 0) return stay(state);
  const turn = state.turn + 1;
  const spoken = sentences.map((text, index): TurnEffect => ({ type: 'speak', turn, index, text }));
  return {
    state: { phase: 'speaking', turn, sentences: sentences.length, reply: 'ended' },
    effects: [...spoken, { type: 'finish_speech', turn }],
  };
}

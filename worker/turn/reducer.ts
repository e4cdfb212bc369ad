import type { TurnEffect, TurnEvent, TurnTimer } from './turn-event.ts';

/** What a conversation is doing now. `turn` is the number of the newest turn. */
export type TurnState = TurnPhase & {
  /** What the agent is to say of its own accord once it is its turn, oldest first. */
  readonly sayings: readonly Saying[];
};

/** The sentences of one thing to say. */
type Saying = readonly string[];

/** `owes`: an earlier turn of the caller is stored and has got no answer; this turn's answer will do for both. */
type TurnPhase =
  | { readonly phase: 'listening'; readonly turn: number }
  /** The caller speaks. */
  | { readonly phase: 'hearing'; readonly turn: number; readonly owes: boolean }
  /** The caller paused; whether the turn is over is not decided yet. */
  | { readonly phase: 'endpointing'; readonly turn: number; readonly owes: boolean }
  /** The turn is over; its final transcript is awaited. */
  | { readonly phase: 'transcribing'; readonly turn: number; readonly owes: boolean }
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

/** A decision on the phase alone, whatever waits to be said. */
interface PhaseStep {
  readonly state: TurnPhase;
  readonly effects: readonly TurnEffect[];
}

/** If audio stops coming altogether, the wall clock ends the turn this much later than the audio would have. */
const TIMER_SLACK_MS = 300;
/** Things to say that wait for their turn; more are not spoken: talking is slower than writing. */
const MOST_SAYINGS = 8;

const NOTHING: readonly TurnEffect[] = [];
const SILENT: readonly Saying[] = [];

/** Where every conversation begins; `turn` is the highest turn number already used. */
export function initialState(turn: number): TurnState {
  return { phase: 'listening', turn, sayings: SILENT };
}

/**
 * The turn-taking rules, all of them: a pure function of state and event. An event that means nothing in a state (a late
 * token of a cancelled turn, a timer that fired too late) leaves the state as it is.
 */
export function reduce(state: TurnState, event: TurnEvent, config: TurnConfig): TurnStep {
  const step = decide(state, event, config);
  const isOver = step.effects.some(({ type }) => type === 'hang_up');
  const sayings = isOver ? SILENT : waitingToBeSaid(state, event);
  const [next, ...later] = sayings;
  if (step.state.phase === 'listening' && next !== undefined) return say(step, next, later);
  if (step.state === state && sayings === state.sayings) return { state, effects: step.effects };
  return { state: { ...step.state, sayings }, effects: step.effects };
}

/** Whether what the responder says of this turn is still wanted: its first word, or the rest of what was begun. */
export function awaitsReply(state: TurnState, turn: number): boolean {
  return state.turn === turn && (state.phase === 'thinking' || (state.phase === 'speaking' && state.reply === 'open'));
}

/** A caller who interrupts the agent, or cancels, does not want to hear the rest either. */
function waitingToBeSaid(state: TurnState, event: TurnEvent): readonly Saying[] {
  const { sayings } = state;
  if (event.type === 'cancel' || (event.type === 'speech_started' && isAgentsTurn(state))) return SILENT;
  if (event.type !== 'say' || event.sentences.length === 0 || sayings.length >= MOST_SAYINGS) return sayings;
  return [...sayings, event.sentences];
}

function say({ state, effects }: PhaseStep, sentences: Saying, later: readonly Saying[]): TurnStep {
  const turn = state.turn + 1;
  const spoken = sentences.map((text, index): TurnEffect => ({ type: 'speak', turn, index, text }));
  return {
    state: { phase: 'speaking', turn, sentences: sentences.length, reply: 'ended', sayings: later },
    effects: [...effects, ...spoken, { type: 'commit_reply', turn, hangUp: false }, { type: 'finish_speech', turn }],
  };
}

function decide(state: TurnPhase, event: TurnEvent, config: TurnConfig): PhaseStep {
  switch (event.type) {
    case 'speech_started':
      return speechStarted(state, event.atMs, config);
    case 'speech_ended':
    case 'audio_stalled':
      return state.phase === 'hearing' ? paused(state, config) : stay(state);
    case 'silence':
      return state.phase === 'endpointing' && event.silentMs >= config.endpointSilenceMs ? endpoint(state) : stay(state);
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
      return stay(state);
    case 'unanswered':
      return state.phase === 'listening' ? respond(state.turn, NOTHING) : stay(state);
    case 'resume_reply':
      return state.phase === 'listening' ? resumed(state, event) : stay(state);
    case 'cancel':
      return cancelled(state);
  }
}

function stay(state: TurnPhase): PhaseStep {
  return { state, effects: NOTHING };
}

function listening(turn: number): TurnPhase {
  return { phase: 'listening', turn };
}

function isAgentsTurn(state: TurnPhase): boolean {
  return state.phase === 'thinking' || state.phase === 'speaking';
}

/** An answer that was cancelled before its first word is stored as empty: no later owner of the session is to give it after all. */
function cancelled(state: TurnPhase): PhaseStep {
  if (!isAgentsTurn(state)) return stay(state);
  const { turn } = state;
  const unspoken: readonly TurnEffect[] = state.phase === 'thinking' ? [{ type: 'commit_agent', turn, interrupted: true }] : NOTHING;
  return { state: listening(turn), effects: [...silenced(state), ...unspoken] };
}

/** What stops the agent: nothing where it is not its turn. */
function silenced(state: TurnPhase): readonly TurnEffect[] {
  if (!isAgentsTurn(state)) return NOTHING;
  const { turn } = state;
  const cancelled: TurnEffect = { type: 'cancel_responder', turn };
  if (state.phase !== 'speaking') return [cancelled];
  return [cancelled, { type: 'commit_agent', turn, interrupted: true }, { type: 'tell', event: { type: 'clear' } }];
}

function speechStarted(state: TurnPhase, fromMs: number, config: TurnConfig): PhaseStep {
  const told: TurnEffect = { type: 'tell', event: { type: 'speech_started' } };
  if (state.phase === 'hearing') return stay(state);
  if (state.phase === 'endpointing') {
    const { turn, owes } = state;
    return {
      state: { phase: 'hearing', turn, owes },
      effects: [{ type: 'clear_timer', timer: 'endpoint' }, { type: 'resume_recognizer', turn }, told],
    };
  }
  const turn = state.turn + 1;
  const owes = state.phase === 'thinking' || (state.phase === 'transcribing' && state.owes);
  return {
    state: { phase: 'hearing', turn, owes },
    effects: [
      ...silenced(state),
      { type: 'start_recognizer', turn, fromMs },
      { type: 'set_timer', timer: 'limit', afterMs: config.turnLimitMs },
      told,
    ],
  };
}

function paused({ turn, owes }: Extract<TurnPhase, { phase: 'hearing' }>, config: TurnConfig): PhaseStep {
  return {
    state: { phase: 'endpointing', turn, owes },
    effects: [
      { type: 'pause_recognizer', turn },
      { type: 'set_timer', timer: 'endpoint', afterMs: config.endpointSilenceMs + TIMER_SLACK_MS },
      { type: 'tell', event: { type: 'speech_stopped' } },
    ],
  };
}

function endpoint({ turn, owes }: Extract<TurnPhase, { phase: 'hearing' | 'endpointing' }>): PhaseStep {
  return {
    state: { phase: 'transcribing', turn, owes },
    effects: [
      { type: 'clear_timer', timer: 'endpoint' },
      { type: 'clear_timer', timer: 'limit' },
      { type: 'finish_recognizer', turn },
    ],
  };
}

function timerFired(state: TurnPhase, timer: TurnTimer): PhaseStep {
  if (timer === 'endpoint') return state.phase === 'endpointing' ? endpoint(state) : stay(state);
  return state.phase === 'endpointing' || state.phase === 'hearing' ? endpoint(state) : stay(state);
}

function partial(state: TurnPhase, turn: number, text: string): PhaseStep {
  const isOpen = state.phase === 'hearing' || state.phase === 'endpointing' || state.phase === 'transcribing';
  if (!isOpen || turn !== state.turn) return stay(state);
  return { state, effects: [{ type: 'tell', event: { type: 'transcript', role: 'caller', text, final: false, turn } }] };
}

function transcribed(state: TurnPhase, event: Extract<TurnEvent, { type: 'final' | 'recognizer_failed' }>): PhaseStep {
  const { turn } = event;
  const discarded: TurnEffect = { type: 'discard_turn', turn };
  if (event.type === 'recognizer_failed') {
    const told: TurnEffect = { type: 'tell', event: { type: 'error', code: 'recognizer_failed', message: event.reason } };
    return unheard(state, turn, [discarded, told]);
  }
  if (event.transcript.outcome === 'nothing') return unheard(state, turn, [discarded]);
  const text = event.transcript.outcome === 'words' ? event.transcript.text : '';
  const kept: TurnEffect[] = [
    { type: 'tell', event: { type: 'transcript', role: 'caller', text, final: true, turn } },
    { type: 'commit_caller', turn, text },
  ];
  if (isAwaited(state, turn)) return respond(turn, kept);
  // A caller who spoke on before the final came is answered once, after the later turn.
  return { state: 'owes' in state ? { ...state, owes: true } : state, effects: kept };
}

/** Nothing came of a turn, a cough for instance: what the caller said before it is still to be answered. */
function unheard(state: TurnPhase, turn: number, effects: readonly TurnEffect[]): PhaseStep {
  if (!isAwaited(state, turn)) return { state, effects };
  return state.owes ? respond(turn, effects) : { state: listening(turn), effects };
}

function isAwaited(state: TurnPhase, turn: number): state is Extract<TurnPhase, { phase: 'transcribing' }> {
  return state.phase === 'transcribing' && state.turn === turn;
}

function respond(turn: number, before: readonly TurnEffect[]): PhaseStep {
  return { state: { phase: 'thinking', turn }, effects: [...before, { type: 'call_responder', turn }] };
}

function replied(
  state: TurnPhase,
  event: Extract<TurnEvent, { type: 'sentence' | 'reply_ended' | 'responder_failed' | 'played_out' }>,
): PhaseStep {
  if (state.phase === 'thinking') return event.type === 'played_out' ? stay(state) : repliedFirst(state.turn, event);
  if (state.phase !== 'speaking') return stay(state);
  const { turn, sentences } = state;
  if (event.type === 'played_out') {
    const committed: TurnEffect = { type: 'commit_agent', turn, interrupted: false };
    return { state: listening(turn), effects: state.reply === 'hang_up' ? [committed, { type: 'hang_up' }] : [committed] };
  }
  // After the end of a reply nothing more belongs to it.
  if (state.reply !== 'open') return stay(state);
  if (event.type === 'sentence') {
    return { state: { ...state, sentences: sentences + 1 }, effects: [{ type: 'speak', turn, index: sentences, text: event.text }] };
  }
  const hangUp = event.type === 'reply_ended' && event.hangUp;
  return {
    state: { ...state, reply: hangUp ? 'hang_up' : 'ended' },
    effects: [...failure(event), { type: 'commit_reply', turn, hangUp }, { type: 'finish_speech', turn }],
  };
}

/** A reply begun by an earlier owner goes on under its own number, as if it had been spoken here from its start. */
function resumed(state: TurnPhase, { reply, fromMs }: Extract<TurnEvent, { type: 'resume_reply' }>): PhaseStep {
  const { turn, sentences, isComplete, hangUp } = reply;
  // Turn numbers only grow: a reply that others have come after is over.
  if (turn < state.turn || sentences.length === 0) return stay(state);
  const rest: TurnEffect = isComplete
    ? { type: 'finish_speech', turn }
    : { type: 'call_responder', turn, begun: sentences.map(({ text }) => text) };
  return {
    state: { phase: 'speaking', turn, sentences: sentences.length, reply: isComplete ? (hangUp ? 'hang_up' : 'ended') : 'open' },
    effects: [{ type: 'resume_speech', turn, sentences, fromMs }, rest],
  };
}

/** The first thing that comes of a responder decides whether there is anything to speak; if not, that is stored as the answer. */
function repliedFirst(
  turn: number,
  event: Extract<TurnEvent, { type: 'sentence' | 'reply_ended' | 'responder_failed' }>,
): PhaseStep {
  if (event.type === 'sentence') {
    return {
      state: { phase: 'speaking', turn, sentences: 1, reply: 'open' },
      effects: [{ type: 'speak', turn, index: 0, text: event.text }],
    };
  }
  const hangUp: readonly TurnEffect[] = event.type === 'reply_ended' && event.hangUp ? [{ type: 'hang_up' }] : NOTHING;
  return { state: listening(turn), effects: [...failure(event), { type: 'commit_agent', turn, interrupted: false }, ...hangUp] };
}

function failure(event: TurnEvent): readonly TurnEffect[] {
  if (event.type !== 'responder_failed') return NOTHING;
  return [{ type: 'tell', event: { type: 'error', code: 'responder_failed', message: event.reason } }];
}

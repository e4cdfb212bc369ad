import type { AgentEvent } from '../../shared/protocol/agent-event.ts';
import type { FinalTranscript } from '../speech/ports.ts';
import type { BegunSentence, UnfinishedReply } from './history.ts';

/** Timers the reducer asks for; each exists at most once. */
export type TurnTimer =
  /** The caller's pause is long enough even if no more audio comes. */
  | 'endpoint'
  /** One caller turn has lasted as long as it may. */
  | 'limit';

/** A fact that goes into the turn reducer. Media times are milliseconds of the caller's audio since the session began. */
export type TurnEvent =
  | { readonly type: 'speech_started'; readonly atMs: number }
  | { readonly type: 'speech_ended'; readonly atMs: number }
  | { readonly type: 'silence'; readonly silentMs: number }
  /** No audio has come for a while, in the middle of speech: taken as its end. */
  | { readonly type: 'audio_stalled' }
  | { readonly type: 'timer'; readonly timer: TurnTimer }
  | { readonly type: 'partial'; readonly turn: number; readonly text: string }
  | { readonly type: 'final'; readonly turn: number; readonly transcript: FinalTranscript }
  | { readonly type: 'recognizer_failed'; readonly turn: number; readonly reason: string }
  | { readonly type: 'sentence'; readonly turn: number; readonly text: string }
  | { readonly type: 'reply_ended'; readonly turn: number; readonly hangUp: boolean }
  | { readonly type: 'responder_failed'; readonly turn: number; readonly reason: string }
  /** All speech of the turn was played to the caller. */
  | { readonly type: 'played_out'; readonly turn: number }
  /** The agent is to say this of its own accord: a greeting, a spoken answer to a text. */
  | { readonly type: 'say'; readonly sentences: readonly string[] }
  /** A stored caller turn is still without an answer. */
  | { readonly type: 'unanswered' }
  /** An earlier owner of the session left this reply unfinished; everything before `fromMs` of its audio is with the caller. */
  | { readonly type: 'resume_reply'; readonly reply: UnfinishedReply; readonly fromMs: number }
  /** `isCallerGone`: not by the caller, who did not come back. */
  | { readonly type: 'cancel'; readonly isCallerGone?: true };

/** What the turn reducer wants done. A closed list: the session carries each out, in order. */
export type TurnEffect =
  /** Open a recognizer for the turn and give it the audio from `fromMs` on. */
  | { readonly type: 'start_recognizer'; readonly turn: number; readonly fromMs: number }
  | { readonly type: 'pause_recognizer'; readonly turn: number }
  | { readonly type: 'resume_recognizer'; readonly turn: number }
  /** The turn is over: ask for its final transcript. */
  | { readonly type: 'finish_recognizer'; readonly turn: number }
  /** Store what the caller said; with it the turn's audio is committed. */
  | { readonly type: 'commit_caller'; readonly turn: number; readonly text: string }
  /** The turn's audio held nothing to store. */
  | { readonly type: 'discard_turn'; readonly turn: number }
  /** Ask for the answer, or for the rest of it where some of its sentences were made before. */
  | { readonly type: 'call_responder'; readonly turn: number; readonly begun?: readonly string[] }
  | { readonly type: 'cancel_responder'; readonly turn: number }
  | { readonly type: 'speak'; readonly turn: number; readonly index: number; readonly text: string }
  /** Speak what an earlier owner made of a reply, from `fromMs` of its audio on. */
  | { readonly type: 'resume_speech'; readonly turn: number; readonly sentences: readonly BegunSentence[]; readonly fromMs: number }
  /** Store that no more sentences will come. */
  | { readonly type: 'commit_reply'; readonly turn: number; readonly hangUp: boolean }
  /** No more sentences will come: report when all is played. */
  | { readonly type: 'finish_speech'; readonly turn: number }
  /** Stop speaking at once and store what was heard; `interrupted` is false when all was. */
  | { readonly type: 'commit_agent'; readonly turn: number; readonly interrupted: boolean }
  | { readonly type: 'set_timer'; readonly timer: TurnTimer; readonly afterMs: number }
  | { readonly type: 'clear_timer'; readonly timer: TurnTimer }
  | { readonly type: 'tell'; readonly event: AgentEvent }
  | { readonly type: 'hang_up' };

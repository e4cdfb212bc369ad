import type { ConversationItem } from '../shared/session/record.ts';
import type { AgentEvent } from '../shared/protocol/agent-event.ts';
import type { SessionConfig } from '../shared/protocol/agent-config.ts';
import { nowMs, stampUs, wallMs } from '../shared/runtime/clock.ts';
import { messageOf } from '../shared/runtime/errors.ts';
import { answerOf } from './answer.ts';
import { CallerTurns } from './caller-turns.ts';
import type { Conversation } from './conversation.ts';
import { withinDeadline } from './engine-deadline.ts';
import type { Hearing } from './hearing.ts';
import { replyParts, type ReplyPart } from './reply-parts.ts';
import type { Speaker } from './speaker.ts';
import type { StartedSentence } from './spoken-turn.ts';
import { EngineError, type FinalTranscript, type Responder, type ResponderRequest } from './speech/ports.ts';
import type { TurnPlaces } from './turn-places.ts';
import type { SessionTrace } from './trace/session-trace.ts';
import { TurnRecord } from './turn-record.ts';
import { TurnTimers } from './turn-timers.ts';
import type { FrameMark } from './turn/frame-marks.ts';
import { markOf } from './turn/mark.ts';
import { awaitsReply, initialState, reduce, type TurnConfig, type TurnState } from './turn/reducer.ts';
import type { TurnEffect, TurnEvent, TurnTimer } from './turn/turn-event.ts';

export interface TurnRunnerOptions {
  readonly session: SessionConfig;
  readonly turnConfig: TurnConfig;
  readonly engineDeadlineMs: number;
  readonly places: TurnPlaces;
  readonly conversation: Conversation;
  readonly hearing: () => Hearing | undefined;
  /** For how long no audio has come of the caller although nothing is known to hold it up. */
  readonly audioSilentMs: () => number;
  readonly speaker: Speaker;
  readonly responder: () => Promise<Responder>;
  readonly fleet: () => ResponderRequest['fleet'];
  /** Where traces are on. */
  readonly trace?: SessionTrace | undefined;
  readonly listener: TurnRunnerListener;
}

export interface TurnRunnerListener {
  tell(event: AgentEvent): void;
  /** Everything the caller said up to this ingress seq is stored, or was nothing. */
  onCommitted(ingressSeq: number): void;
  /** The agent hung up. */
  onHangUp(): void;
  /** An engine failed in a way it does not document: worth a log line. */
  onCrash(error: unknown): void;
}

/** How long a sentence waits for Redis before it is heard. */
const RECORD_MS = 100;

/** Feeds one session's turn reducer with facts and carries out what it decides. */
export class TurnRunner {
  readonly #options: TurnRunnerOptions;
  readonly #timers = new TurnTimers({ passedMs: (timer) => this.#passedMs(timer), onTimeUp: (timer) => this.dispatch({ type: 'timer', timer }) });
  readonly #events: TurnEvent[] = [];
  /** Turns whose audio is neither stored nor known to be nothing. */
  readonly #openTurns = new Set<number>();
  readonly #callerTurns = new CallerTurns();
  readonly #record: TurnRecord;
  /** Settles once the turns before are understood: a later one, whose audio lies after theirs, is not stored before them. */
  #transcribed: Promise<void> = Promise.resolve();
  #state: TurnState;
  #thinking: AbortController | undefined;
  #decidedAt: FrameMark | undefined;
  #activity: 'idle' | 'reducing' | 'closed' = 'idle';

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
    this.#record = new TurnRecord(options.conversation, (error) => options.listener.onCrash(error));
    this.#state = initialState(options.conversation.standing.turn);
  }

  get state(): TurnState {
    return this.#state;
  }

  /** Whether no audio taken in so far belongs to a turn that is still to be stored. */
  get isIngressSettled(): boolean {
    return this.#openTurns.size === 0;
  }

  /** Takes a fact; `decidedAt` is the ingress frame that made it certain, where one did. */
  dispatch(event: TurnEvent, decidedAt?: FrameMark): void {
    if (this.#activity === 'closed') return;
    if (decidedAt !== undefined) this.#decidedAt = decidedAt;
    this.#events.push(event);
    if (this.#activity !== 'idle') return;
    this.#activity = 'reducing';
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#reduce(next);
    } finally {
      this.#decidedAt = undefined;
      this.#rest();
    }
  }

  /** Waits, for a little while, until what the agent says is stored: what a caller has heard is never made anew. */
  async recorded(): Promise<void> {
    await this.#record.settled(RECORD_MS);
  }

  /** The speaker is about to send the first audio of a sentence. */
  sentenceStarted({ turn, index, text, startMs }: StartedSentence): void {
    this.#options.listener.tell({ type: 'transcript', role: 'agent', text, final: true, turn });
    // The first one begins where its turn does: nothing to store, and most replies are one sentence.
    if (index > 0) this.#record.keep({ kind: 'spoken', turn, index, startMs, atMs: wallMs() });
  }

  /** First audio of an agent turn was sent: its latency is known. */
  firstAudio(turn: number): void {
    const stages = this.#callerTurns.answered(turn, stampUs(nowMs()));
    const trace = this.#options.trace?.answered(turn, stages);
    if (stages === undefined) return;
    this.#record.note({ kind: 'stages', turn, stages, atMs: wallMs() });
    this.#options.listener.tell({ type: 'turn', turn, stages, ...trace });
  }

  /** Ends everything under way; facts that still come change nothing. */
  close(): void {
    this.#activity = 'closed';
    this.#events.length = 0;
    this.#timers.close();
    this.#thinking?.abort();
    this.#options.speaker.stop();
    this.#callerTurns.close();
  }

  /** Reducing may have closed the session. */
  #rest(): void {
    if (this.#activity === 'reducing') this.#activity = 'idle';
  }

  #reduce(event: TurnEvent): void {
    const { state, effects } = reduce(this.#state, event, this.#options.turnConfig);
    // Before what is done for it: that is what it is stored with.
    const mark = markOf(event, this.#state, effects);
    if (mark !== undefined) this.#record.note({ kind: 'mark', ...mark, atMs: wallMs() });
    this.#state = state;
    for (const effect of effects) this.#tryTo(effect);
  }

  /** One engine's defect must not stop what else is to be done, nor reach other sessions. */
  #tryTo(effect: TurnEffect): void {
    try {
      this.#options.trace?.onEffect(effect);
      this.#carryOut(effect);
    } catch (error) {
      this.#options.listener.onCrash(error);
    }
  }

  #carryOut(effect: TurnEffect): void {
    const { hearing, speaker, listener } = this.#options;
    switch (effect.type) {
      case 'start_recognizer':
        this.#openTurns.add(effect.turn);
        return hearing()?.startTurn(effect.turn, effect.fromMs);
      case 'pause_recognizer':
        return hearing()?.pauseTurn(effect.turn);
      case 'resume_recognizer':
        return hearing()?.resumeTurn(effect.turn);
      case 'finish_recognizer':
        return this.#finishRecognizer(effect.turn);
      case 'commit_caller':
        return this.#commitCaller(effect.turn, effect.text);
      case 'discard_turn':
        return this.#store(effect.turn, []);
      case 'call_responder':
        return this.#start(() => this.#respond(effect.turn, effect.begun));
      case 'cancel_responder':
        return this.#thinking?.abort();
      case 'speak':
        return this.#speak(effect.turn, effect.index, effect.text);
      case 'resume_speech':
        return speaker.resume(effect.turn, effect.sentences, effect.fromMs);
      case 'commit_reply':
        return this.#record.keep({ kind: 'reply', turn: effect.turn, hangUp: effect.hangUp, atMs: wallMs() });
      case 'finish_speech':
        return speaker.finish(effect.turn);
      case 'commit_agent':
        return this.#commitAgent(effect.turn, effect.interrupted);
      case 'set_timer':
        return this.#timers.set(effect.timer, effect.afterMs);
      case 'clear_timer':
        return this.#timers.clear(effect.timer);
      case 'tell':
        return listener.tell(effect.event);
      case 'hang_up':
        return listener.onHangUp();
    }
  }

  #finishRecognizer(turn: number): void {
    const hearing = this.#options.hearing();
    const endpoint = this.#decidedAt;
    const speechEnd = hearing?.speechEndStamps;
    const endSeq = hearing?.endTurn(turn, endpoint === undefined ? 'clock' : 'silence');
    this.#callerTurns.ended(turn, endSeq ?? 0, {
      decidedUs: stampUs(nowMs()),
      endpoint: endpoint?.stamps,
      ...(speechEnd === undefined ? {} : { speechEndUs: speechEnd.receivedUs }),
    });
    const earlier = this.#transcribed;
    this.#start(() => (this.#transcribed = this.#transcribe(turn, earlier)));
  }

  /** The place that is taken for the final transcript is kept, where an answer follows that needs one too. */
  async #transcribe(turn: number, earlier: Promise<void>): Promise<void> {
    const { places, session } = this.#options;
    const release = await places.take('recognizer', session.lane);
    if (this.#activity === 'closed') return release();
    if (places.areKept) this.#callerTurns.place(turn, release);
    this.#callerTurns.mark(turn, { startedUs: stampUs(nowMs()) });
    const final = withinDeadline(this.#finalOf(turn), this.#options.engineDeadlineMs, 'the recognizer');
    const [result] = await Promise.allSettled([final, earlier]);
    this.#callerTurns.mark(turn, { finalUs: stampUs(nowMs()) });
    if (result.status === 'fulfilled') this.dispatch({ type: 'final', turn, transcript: result.value });
    else {
      this.#options.listener.onCrash(result.reason);
      this.dispatch({ type: 'recognizer_failed', turn, reason: messageOf(result.reason) });
    }
    if (!places.areKept || this.#state.turn !== turn || this.#state.phase !== 'thinking') release();
  }

  async #finalOf(turn: number): Promise<FinalTranscript> {
    const hearing = this.#options.hearing();
    if (hearing === undefined) throw new EngineError('the ear of this session is closed', true);
    return hearing.transcribe(turn);
  }

  #commitCaller(turn: number, text: string): void {
    this.#options.conversation.remember({ role: 'caller', text });
    this.#store(turn, [{ kind: 'caller', turn, text, atMs: wallMs(), seq: this.#callerTurns.endSeqOf(turn) }]);
  }

  /** Audio that held nothing waits its turn here too: a turn before it may still have to be stored. */
  #store(turn: number, items: readonly ConversationItem[]): void {
    const audio = this.#callerTurns.endSeqOf(turn);
    this.#start(async () => {
      await this.#record.commit(items, { audio });
      this.#openTurns.delete(turn);
      this.#options.listener.onCommitted(audio);
    });
  }

  async #respond(turn: number, begun: readonly string[] = []): Promise<void> {
    const { places, session, responder } = this.#options;
    const release = this.#callerTurns.placeOf(turn) ?? (await places.take('responder', session.lane));
    // A session that is somebody else's by now is answered there.
    if (this.#activity === 'closed' || !awaitsReply(this.#state, turn)) return release();
    const thinking = new AbortController();
    this.#thinking = thinking;
    try {
      const answer = answerOf(await responder(), { ...this.#options, agent: session.agent }, thinking.signal, begun);
      for await (const part of replyParts(answer, begun.length > 0)) {
        if (thinking.signal.aborted) return;
        this.#replied(turn, part);
      }
    } catch (error) {
      this.#options.listener.onCrash(error);
      if (!thinking.signal.aborted) this.dispatch({ type: 'responder_failed', turn, reason: messageOf(error) });
    } finally {
      release();
    }
  }

  #replied(turn: number, part: ReplyPart): void {
    if (part.kind === 'end') return this.dispatch({ type: 'reply_ended', turn, hangUp: part.hangUp });
    this.#callerTurns.mark(turn, { tokenUs: stampUs(nowMs()) });
    for (const text of part.sentences) this.dispatch({ type: 'sentence', turn, text });
  }

  #speak(turn: number, index: number, text: string): void {
    this.#record.keep({ kind: 'sentence', turn, index, text, atMs: wallMs() });
    this.#options.speaker.say(turn, text);
  }

  #commitAgent(turn: number, interrupted: boolean): void {
    const { conversation, speaker } = this.#options;
    const text = speaker.stop();
    if (text !== '') conversation.remember({ role: 'agent', text });
    this.#start(() => this.#record.commit([{ kind: 'agent', turn, text, interrupted, atMs: wallMs() }]));
  }

  /**
   * The clock speaks for audio that has stopped: while it comes, or is known to be late, it says itself where a turn ends. How
   * long a turn is, its audio says: time in which none could come does not count.
   */
  #passedMs(timer: TurnTimer): number {
    return timer === 'endpoint' ? this.#options.audioSilentMs() : (this.#options.hearing()?.openTurnMs ?? Infinity);
  }

  /** Begins something that ends by itself; what it throws unexpectedly is reported. */
  #start(work: () => Promise<void>): void {
    void work().catch((error: unknown) => this.#options.listener.onCrash(error));
  }
}

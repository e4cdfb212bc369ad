import type { ConversationItem } from '../shared/session/record.ts';
import type { AgentEvent } from '../shared/protocol/agent-event.ts';
import type { SessionConfig } from '../shared/protocol/agent-config.ts';
import { nowMs, stampUs, wallMs } from '../shared/runtime/clock.ts';
import type { Conversation } from './conversation.ts';
import { chunksWithin, withinDeadline } from './engine-deadline.ts';
import type { Hearing } from './hearing.ts';
import type { Speaker } from './speaker.ts';
import { EngineError, type FinalTranscript, type Responder, type ResponderRequest } from './speech/ports.ts';
import type { Release, TurnPool } from './turn-pool.ts';
import type { FrameMark } from './turn/frame-marks.ts';
import { stagesOf, type TurnMarks } from './turn/latency.ts';
import { initialState, reduce, type TurnConfig, type TurnState } from './turn/reducer.ts';
import { SentenceSplitter } from './turn/sentences.ts';
import type { TurnEffect, TurnEvent, TurnTimer } from './turn/turn-event.ts';

export interface TurnRunnerOptions {
  readonly session: SessionConfig;
  readonly turnConfig: TurnConfig;
  readonly engineDeadlineMs: number;
  readonly pool: TurnPool;
  readonly conversation: Conversation;
  readonly hearing: () => Hearing | undefined;
  readonly speaker: Speaker;
  readonly responder: () => Promise<Responder>;
  readonly fleet: () => ResponderRequest['fleet'];
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

/** The caller's turn being worked on: which ingress it covers and when its steps happened. */
interface CallerTurn {
  readonly turn: number;
  readonly endSeq: number;
  readonly release: Release | undefined;
  readonly marks: Partial<TurnMarks>;
}

/** Caller turns whose moments are remembered; an answer comes to the newest, a late final to the one before. */
const KEPT_TURNS = 2;

/** Feeds one session's turn reducer with facts and carries out what it decides. */
export class TurnRunner {
  readonly #options: TurnRunnerOptions;
  readonly #timers = new Map<TurnTimer, NodeJS.Timeout>();
  readonly #events: TurnEvent[] = [];
  /** Turns whose audio is neither stored nor known to be nothing. */
  readonly #openTurns = new Set<number>();
  readonly #callerTurns = new Map<number, CallerTurn>();
  /** Settles once the turns before are understood: a later one, whose audio lies after theirs, is not stored before them. */
  #transcribed: Promise<void> = Promise.resolve();
  #state: TurnState;
  #thinking: AbortController | undefined;
  #decidedAt: FrameMark | undefined;
  #activity: 'idle' | 'reducing' | 'closed' = 'idle';

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
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

  /** First audio of an agent turn was sent: its latency is known. */
  firstAudio(turn: number): void {
    const { startedUs, finalUs, tokenUs, speechEndUs, decidedUs, endpoint } = this.#callerTurns.get(turn)?.marks ?? {};
    this.#callerTurns.delete(turn);
    if (startedUs === undefined || finalUs === undefined || tokenUs === undefined) return;
    if (speechEndUs === undefined || decidedUs === undefined) return;
    const stages = stagesOf({ speechEndUs, endpoint, decidedUs, startedUs, finalUs, tokenUs, speechUs: stampUs(nowMs()) });
    this.#options.listener.tell({ type: 'turn', turn, stages });
  }

  /** Ends everything under way; facts that still come change nothing. */
  close(): void {
    this.#activity = 'closed';
    this.#events.length = 0;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#thinking?.abort();
    this.#options.speaker.stop();
    for (const { release } of this.#callerTurns.values()) release?.();
    this.#callerTurns.clear();
  }

  /** Reducing may have closed the session. */
  #rest(): void {
    if (this.#activity === 'reducing') this.#activity = 'idle';
  }

  #reduce(event: TurnEvent): void {
    const { state, effects } = reduce(this.#state, event, this.#options.turnConfig);
    this.#state = state;
    for (const effect of effects) this.#tryTo(effect);
  }

  /** One engine's defect must not stop what else is to be done, nor reach other sessions. */
  #tryTo(effect: TurnEffect): void {
    try {
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
        return this.#start(() => this.#respond(effect.turn));
      case 'cancel_responder':
        return this.#thinking?.abort();
      case 'speak':
        return this.#speak(effect.turn, effect.index, effect.text);
      case 'finish_speech':
        return speaker.finish(effect.turn);
      case 'commit_agent':
        return this.#commitAgent(effect.turn, effect.interrupted);
      case 'set_timer':
        return this.#setTimer(effect.timer, effect.afterMs);
      case 'clear_timer':
        return clearTimeout(this.#timers.get(effect.timer));
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
    hearing?.endTurn(turn);
    for (const older of this.#callerTurns.keys()) if (older < turn - KEPT_TURNS) this.#callerTurns.delete(older);
    this.#callerTurns.set(turn, {
      turn,
      endSeq: (endpoint ?? hearing?.newestFrame)?.seq ?? 0,
      release: undefined,
      marks: {
        decidedUs: stampUs(nowMs()),
        endpoint: endpoint?.stamps,
        ...(speechEnd === undefined ? {} : { speechEndUs: speechEnd.receivedUs }),
      },
    });
    const earlier = this.#transcribed;
    this.#start(() => (this.#transcribed = this.#transcribe(turn, earlier)));
  }

  /** The place in the pool is taken before the final transcript and, where an answer follows, given back after it. */
  async #transcribe(turn: number, earlier: Promise<void>): Promise<void> {
    const release = await this.#options.pool.acquire(this.#options.session.lane);
    this.#mark(turn, { startedUs: stampUs(nowMs()) }, release);
    const final = withinDeadline(this.#finalOf(turn), this.#options.engineDeadlineMs, 'the recognizer');
    const [result] = await Promise.allSettled([final, earlier]);
    this.#mark(turn, { finalUs: stampUs(nowMs()) });
    if (result.status === 'fulfilled') this.dispatch({ type: 'final', turn, transcript: result.value });
    else {
      this.#options.listener.onCrash(result.reason);
      this.dispatch({ type: 'recognizer_failed', turn, reason: reasonOf(result.reason) });
    }
    if (this.#state.turn !== turn || this.#state.phase !== 'thinking') release();
  }

  async #finalOf(turn: number): Promise<FinalTranscript> {
    const hearing = this.#options.hearing();
    if (hearing === undefined) throw new EngineError('the ear of this session is closed', true);
    return hearing.transcribe(turn);
  }

  #commitCaller(turn: number, text: string): void {
    this.#options.conversation.remember({ role: 'caller', text });
    this.#store(turn, [{ kind: 'caller', turn, text, atMs: wallMs() }]);
  }

  /** Audio that held nothing waits its turn here too: a turn before it may still have to be stored. */
  #store(turn: number, items: readonly ConversationItem[]): void {
    const audio = this.#callerTurns.get(turn)?.endSeq ?? 0;
    this.#start(async () => {
      await this.#options.conversation.commit(items, { audio });
      this.#openTurns.delete(turn);
      this.#options.listener.onCommitted(audio);
    });
  }

  async #respond(turn: number): Promise<void> {
    const { conversation, session, fleet } = this.#options;
    const release = this.#callerTurns.get(turn)?.release ?? (await this.#options.pool.acquire(this.#options.session.lane));
    if (this.#state.phase !== 'thinking' || this.#state.turn !== turn) {
      release();
      return;
    }
    const thinking = new AbortController();
    this.#thinking = thinking;
    const sentences = new SentenceSplitter();
    let hangUp = false;
    try {
      const responder = await this.#options.responder();
      const request = { agent: session.agent, history: conversation.history, nowMs: wallMs(), fleet: fleet() };
      const reply = responder.respond(request, thinking.signal);
      for await (const chunk of chunksWithin(reply, thinking.signal, this.#options.engineDeadlineMs, 'the responder')) {
        if (thinking.signal.aborted) return;
        if (chunk.kind === 'end_call') hangUp = true;
        else this.#heardFromResponder(turn, sentences.push(chunk.text));
      }
      if (thinking.signal.aborted) return;
      this.#heardFromResponder(turn, sentences.finish());
      this.dispatch({ type: 'reply_ended', turn, hangUp });
    } catch (error) {
      this.#options.listener.onCrash(error);
      if (!thinking.signal.aborted) this.dispatch({ type: 'responder_failed', turn, reason: reasonOf(error) });
    } finally {
      release();
    }
  }

  #heardFromResponder(turn: number, sentences: readonly string[]): void {
    this.#mark(turn, { tokenUs: this.#callerTurns.get(turn)?.marks.tokenUs ?? stampUs(nowMs()) });
    for (const text of sentences) this.dispatch({ type: 'sentence', turn, text });
  }

  #speak(turn: number, index: number, text: string): void {
    const { conversation, speaker } = this.#options;
    speaker.say(turn, text);
    this.#start(() => conversation.commit([{ kind: 'sentence', turn, index, text, atMs: wallMs() }]));
  }

  #commitAgent(turn: number, interrupted: boolean): void {
    const { conversation, speaker } = this.#options;
    const text = speaker.stop();
    if (text !== '') conversation.remember({ role: 'agent', text });
    this.#start(() => conversation.commit([{ kind: 'agent', turn, text, interrupted, atMs: wallMs() }]));
  }

  #setTimer(timer: TurnTimer, afterMs: number): void {
    clearTimeout(this.#timers.get(timer));
    this.#timers.set(timer, setTimeout(() => this.dispatch({ type: 'timer', timer }), afterMs));
  }

  #mark(turn: number, marks: Partial<TurnMarks>, release?: Release): void {
    const known = this.#callerTurns.get(turn);
    if (known === undefined) return;
    this.#callerTurns.set(turn, { ...known, release: release ?? known.release, marks: { ...known.marks, ...marks } });
  }

  /** Begins something that ends by itself; what it throws unexpectedly is reported. */
  #start(work: () => Promise<void>): void {
    void work().catch((error: unknown) => this.#options.listener.onCrash(error));
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { messageOf, newErrorId, type ErrorCode } from '../shared/runtime/errors.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { AgentEvent, StageLatencies } from '../shared/protocol/agent-event.ts';
import type { SessionConfig } from '../shared/protocol/agent-config.ts';
import type { Delivered } from '../shared/protocol/claim.ts';
import { ENVELOPE_TYPE } from '../shared/protocol/envelope.ts';
import { Acks } from './acks.ts';
import { CallerAudio } from './caller-audio.ts';
import { Conversation } from './conversation.ts';
import type { SessionEgress } from './egress.ts';
import type { Hearing } from './hearing.ts';
import type { IngressFrame } from './inbox.ts';
import { openSessionEar } from './session-ear.ts';
import { Speaker } from './speaker.ts';
import type { ResponderRequest } from './speech/ports.ts';
import { TextIntake } from './text-intake.ts';
import { TextTurns } from './text-turns.ts';
import type { SessionTrace } from './trace/session-trace.ts';
import type { SessionEngines } from './trace/traced-engines.ts';
import { TurnPlaces } from './turn-places.ts';
import type { TurnPool } from './turn-pool.ts';
import { TurnRunner } from './turn-runner.ts';
import type { TurnConfig, TurnState } from './turn/reducer.ts';
import { goingOn } from './turn/reply-continuation.ts';
import { sentencesOf } from './turn/sentences.ts';
import type { Lease, SessionStore } from '../shared/session/store.ts';
import type { ConversationItem } from '../shared/session/record.ts';

/** How long the end of a session or a hand-off waits for Redis. */
const SETTLE_MS = 1000;
/** The caller has begun a turn that is not over. */
const IN_TURN: readonly TurnState['phase'][] = ['hearing', 'endpointing'];

export interface SessionOptions {
  readonly config: SessionConfig;
  readonly lease: Lease;
  readonly items: readonly ConversationItem[];
  readonly committedIngressSeq: number;
  readonly egress: SessionEgress;
  readonly listening: boolean;
  /** How far the caller has the newest reply, where that is known. */
  readonly delivered?: Delivered | undefined;
  /** The newest connection of the caller. */
  readonly connectionNo: () => number;
  readonly store: SessionStore;
  readonly engines: SessionEngines;
  /** Where traces are on. */
  readonly trace?: SessionTrace | undefined;
  readonly pool: TurnPool;
  readonly turnConfig: TurnConfig;
  readonly engineDeadlineMs: number;
  readonly playoutLeadMs: number;
  readonly fleet: () => ResponderRequest['fleet'];
  readonly log: Logger;
  readonly listener: SessionListener;
}

export interface SessionListener {
  /** The agent hung up and everything it said was played. */
  onHangUp(): void;
  /** The lease is somebody else's. */
  onLost(): void;
  /** In the middle of the caller's turn audio has stopped coming: the caller may be out of reach. */
  onAudioMissing(): void;
  onEngineFailure(): void;
  /** The agent's first audio of a turn went out. */
  onTurn(stages: StageLatencies): void;
  /** The agent broke off within a turn: there was nothing to be played for a moment. */
  onUnderrun(): void;
  /** The caller is told of this error; `errorId` is what they can quote. */
  onTold(code: ErrorCode, errorId: string): void;
}

/** One conversation on this worker: what comes in from the caller, what goes out, and the parts that make it so. */
export class Session {
  readonly #options: SessionOptions;
  readonly #acks: Acks;
  readonly #conversation: Conversation;
  readonly #audio: CallerAudio;
  readonly #speaker: Speaker;
  readonly #texts: TextTurns;
  readonly #textIntake: TextIntake;
  readonly #turns: TurnRunner;
  #isListening = false;

  constructor(options: SessionOptions) {
    const { config, pool, engines, egress, fleet } = options;
    this.#options = options;
    this.#acks = new Acks(options.committedIngressSeq, (committed) => egress.ack(committed));
    this.#conversation = new Conversation({
      store: options.store, lease: options.lease, config, items: options.items, ingressSeq: options.committedIngressSeq,
      egressSeq: () => egress.seq, connectionNo: options.connectionNo,
      committable: (stored) => this.#acks.committedWith(stored),
      onStored: (stored) => this.#acks.stored(stored), onLost: () => options.listener.onLost(),
    });
    this.#speaker = new Speaker({
      synthesizer: () => engines.synthesizer(config.agent.engines.synthesizer),
      voice: config.agent.voice, language: config.agent.language, format: config.output, leadMs: options.playoutLeadMs,
      engineDeadlineMs: options.engineDeadlineMs,
      beforeSentence: () => this.#turns.recorded(),
      send: (payload, mediaMs, isFirst, turn) => egress.speech(payload, mediaMs, isFirst, turn),
      listener: this.#speakerListener(),
    });
    this.#audio = new CallerAudio({
      open: () => this.#openHearing(),
      isInTurn: () => IN_TURN.includes(this.#turns.state.phase),
      listener: {
        onMissing: () => options.listener.onAudioMissing(),
        onStalled: () => this.#turns.dispatch({ type: 'audio_stalled' }),
        onShed: (frame, isFirst) => this.shed(frame, isFirst),
        onBadFrame: ({ code, message }) => this.tell({ type: 'error', code, message }),
        onFailure: (error) => this.#earFailed(error),
      },
    });
    const { recognizer: recognizerName, responder: responderName } = config.agent.engines;
    const responder = () => engines.responder(responderName);
    const places = new TurnPlaces(pool, { recognizer: engines.computesHere('recognizer', recognizerName), responder: engines.computesHere('responder', responderName) });
    const shared = { places, conversation: this.#conversation, responder, fleet, engineDeadlineMs: options.engineDeadlineMs, trace: options.trace };
    const onCrash = (error: unknown): void => this.#engineFailed(error);
    this.#texts = new TextTurns({
      ...shared, agent: config.agent,
      listener: {
        tell: (event) => this.tell(event),
        onAnswered: (answer) => this.#textAnswered(answer),
        onHangUp: () => options.listener.onHangUp(),
        onCrash,
      },
    });
    this.#textIntake = new TextIntake({ acks: this.#acks, texts: this.#texts, answers: this.#conversation.standing.texts, tell: (event) => this.tell(event) });
    this.#turns = new TurnRunner({
      ...shared, session: config, turnConfig: options.turnConfig, speaker: this.#speaker,
      hearing: () => this.#audio.hearing,
      audioSilentMs: () => this.#audio.silentMs,
      listener: {
        tell: (event) => this.tell(event),
        onCommitted: (seq) => this.#acks.audioDone(seq),
        onHangUp: () => options.listener.onHangUp(),
        onCrash,
      },
    });
    if (options.listening) this.listen();
  }

  get lease(): Lease {
    return this.#options.lease;
  }

  get egress(): SessionEgress {
    return this.#options.egress;
  }

  /** How far the session has come, as a release stores it. */
  get progress(): Conversation['progress'] {
    return this.#conversation.progress;
  }

  /** Ingress is committed up to here. */
  get committedIngressSeq(): number {
    return this.#acks.committed;
  }

  /** Whether nobody is in the middle of anything: the moment to hand the session off. */
  get isAtTurnBoundary(): boolean {
    return this.#turns.state.phase === 'listening' && this.#texts.isIdle && this.#turns.isIngressSettled;
  }

  /** Whether audio sent again, which comes faster than it can be heard, should wait. */
  get isEarBehind(): boolean {
    return this.#audio.isBehind;
  }

  /** Takes one frame in: never throws; what is wrong with it is told to the caller. */
  take(frame: IngressFrame): void {
    switch (frame.type) {
      case ENVELOPE_TYPE.audio:
        return this.#takeAudio(frame);
      case ENVELOPE_TYPE.text:
        return this.#textIntake.take(frame);
      case ENVELOPE_TYPE.cancel:
        this.#texts.cancel();
        return this.#turns.dispatch({ type: 'cancel' });
      case ENVELOPE_TYPE.played:
        return this.#speaker.played(frame.seq);
      default:
        // Of a gateway that is newer: counted where it came in, and passed over.
        return;
    }
  }

  /** A frame was dropped on purpose: it counts as done, and its caller is told once a run of them. */
  shed(frame: IngressFrame, tellCaller: boolean): void {
    const error = { type: 'error', code: 'shed', message: 'the worker is overloaded: input was dropped because it waited too long', retryAfterMs: 1000 } as const;
    if (frame.type === ENVELOPE_TYPE.text) return this.#textIntake.refuse(frame.seq, error);
    this.#acks.audioShed(frame.seq, this.#turns.isIngressSettled);
    if (tellCaller) this.tell(error);
  }

  /** The caller's connection understands and wants everything the agent has to say: the agent goes on where it was. */
  listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    const { delivered, config } = this.#options;
    const first = goingOn(this.#conversation.standing, delivered, config.agent.greeting);
    if (first !== undefined) this.#turns.dispatch(first);
  }

  /** Sends the caller something. Who only writes texts is sent only answers and errors, unless answers are to be spoken. */
  tell(event: AgentEvent): void {
    if (event.type === 'turn') this.#options.listener.onTurn(event.stages);
    if (event.type === 'error') this.#tellError(event);
    else if (this.#isListening || this.#options.config.agent.speak_text || event.type === 'text') this.#options.egress.event(event);
  }

  /** The one way of every error to the caller: it gets its id here. */
  #tellError(event: Extract<AgentEvent, { type: 'error' }>): void {
    const errorId = newErrorId();
    this.#options.listener.onTold(event.code, errorId);
    this.#options.egress.event({ ...event, errorId });
  }

  /** Writes the session's record anew where Redis is behind. */
  async restoreRecord(): Promise<void> {
    await this.#conversation.restore();
  }

  /** The caller is out of reach: the agent stands still, and what the caller is saying is not over for `mostMs`. */
  outOfReach(mostMs: number): void {
    this.#speaker.hold();
    this.#audio.interrupted(mostMs);
  }

  /** The caller is back, and has the agent's newest speech up to `delivered`, where that is known. */
  inReach(delivered?: Delivered): void {
    this.#audio.back();
    this.#speaker.goOn(delivered);
  }

  /** The caller will not hear the rest of what the agent is saying: what they heard is what was said. */
  breakOff(): void {
    if (this.#turns.state.phase === 'speaking') this.#turns.dispatch({ type: 'cancel', isCallerGone: true });
  }

  /** Waits until what was said so far is stored, but no longer than a little while: Redis may be away. Whether it is. */
  async settled(): Promise<boolean> {
    return this.#conversation.settled(SETTLE_MS);
  }

  /** Frees everything at once; nothing is sent or written any more. */
  close(): void {
    this.#texts.close();
    this.#turns.close();
    this.#audio.close();
    this.#conversation.close();
  }

  #takeAudio(frame: IngressFrame): void {
    this.listen();
    this.#acks.audioReceived(frame.seq);
    if (frame.seq <= this.#conversation.standing.heardSeq) this.#acks.silent(frame.seq);
    else this.#audio.take(frame);
  }

  #openHearing(): Promise<Hearing> {
    return openSessionEar(this.#options.config, this.#options.engines, {
      onFact: (fact, decidedAt) => this.#turns.dispatch(fact, decidedAt),
      onSilence: (seq) => {
        if (this.#turns.isIngressSettled) this.#acks.silent(seq);
      },
      onPartial: (turn, text) => this.#turns.dispatch({ type: 'partial', turn, text }),
      onVoiceActivityFailure: (error) => this.#tellFailure('voice_activity_failed', error),
    });
  }

  #textAnswered(answer: string): void {
    this.#acks.tell();
    if (this.#options.config.agent.speak_text) this.#turns.dispatch({ type: 'say', sentences: sentencesOf(answer) });
  }

  #speakerListener(): ConstructorParameters<typeof Speaker>[0]['listener'] {
    return {
      onSentence: (sentence) => this.#turns.sentenceStarted(sentence),
      onFirstAudio: (turn) => this.#turns.firstAudio(turn),
      onPlayedOut: (turn) => this.#turns.dispatch({ type: 'played_out', turn }),
      onUnderrun: () => this.#options.listener.onUnderrun(),
      onFailure: (_turn, error) => this.#tellFailure('synthesizer_failed', error),
    };
  }

  #tellFailure(code: ErrorCode, error: unknown): void {
    this.#engineFailed(error);
    this.tell({ type: 'error', code, message: messageOf(error) });
  }

  /** What the caller was saying ends here; the turn is told as failed when its transcript is asked for. */
  #earFailed(error: unknown): void {
    this.#tellFailure('voice_activity_failed', error);
    this.#turns.dispatch({ type: 'audio_stalled' });
    this.#turns.dispatch({ type: 'timer', timer: 'endpoint' });
  }

  #engineFailed(error: unknown): void {
    this.#options.listener.onEngineFailure();
    this.#options.log.warn({ err: error, sessionId: this.#options.config.sessionId }, 'an engine failed');
  }
}

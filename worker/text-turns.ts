import type { AgentEvent } from '../shared/protocol/agent-event.ts';
import type { AgentConfig } from '../shared/protocol/agent-config.ts';
import type { GrantedLane } from '../shared/protocol/lane.ts';
import { wallMs } from '../shared/runtime/clock.ts';
import { messageOf } from '../shared/runtime/errors.ts';
import { answerOf } from './answer.ts';
import type { Conversation } from './conversation.ts';
import type { Responder, ResponderRequest } from './speech/ports.ts';
import type { SessionTrace } from './trace/session-trace.ts';
import type { TextTrace } from './trace/text-trace.ts';
import { tracedResponder } from './trace/traced-engines.ts';
import type { TurnPlaces } from './turn-places.ts';
import { TEXT_TURN } from './turn/history.ts';

/** A longer answer is cut: it travels as one message. */
const MOST_ANSWER_CHARS = 100_000;

/** A caller's text message waiting for its answer. */
export interface TextMessage {
  readonly seq: number;
  readonly content: string;
  readonly lane: GrantedLane;
  /** What it was answered already, by an owner of the session that was lost. */
  readonly answer?: string;
}

export interface TextTurnsOptions {
  readonly agent: AgentConfig;
  readonly places: TurnPlaces;
  readonly conversation: Conversation;
  readonly responder: () => Promise<Responder>;
  readonly fleet: () => ResponderRequest['fleet'];
  readonly engineDeadlineMs: number;
  /** Where traces are on. */
  readonly trace?: SessionTrace | undefined;
  readonly listener: TextTurnsListener;
}

export interface TextTurnsListener {
  tell(event: AgentEvent): void;
  /** The text was answered and stored. */
  onAnswered(answer: string): void;
  onHangUp(): void;
  onCrash(error: unknown): void;
}

/** One session's text messages: each is answered by exactly one message, a text or an error, in order. */
export class TextTurns {
  readonly #options: TextTurnsOptions;
  readonly #waiting: TextMessage[] = [];
  #state: 'idle' | 'answering' | 'closed' = 'idle';
  /** For the answer under way, and for the next ones until it is used: to make one costs a twentieth of an answer. */
  #cancel = new AbortController();

  constructor(options: TextTurnsOptions) {
    this.#options = options;
  }

  /** Messages waiting, the one being answered not counted. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether every message is answered. */
  get isIdle(): boolean {
    return this.#state !== 'answering' && this.#waiting.length === 0;
  }

  push(message: TextMessage): void {
    this.#waiting.push(message);
    if (this.#state === 'idle') this.#next();
  }

  /** Stops the answer under way; it is told as `cancelled`. */
  cancel(): void {
    if (this.#state === 'answering') this.#cancel.abort();
  }

  /** Answers nothing more. */
  close(): void {
    this.cancel();
    this.#state = 'closed';
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #next(): void {
    if (this.#isClosed()) return;
    const message = this.#waiting.shift();
    if (message === undefined) {
      this.#state = 'idle';
      return;
    }
    if (this.#cancel.signal.aborted) this.#cancel = new AbortController();
    this.#state = 'answering';
    const { answer } = message;
    const answered = answer === undefined ? this.#answer(message, this.#cancel.signal) : this.#learn(message, answer);
    void answered
      .catch((error: unknown) => this.#options.listener.onCrash(error))
      .finally(() => this.#next());
  }

  /** The caller has the answer: all that is left is to know it. */
  async #learn(message: TextMessage, answer: string): Promise<void> {
    this.#options.conversation.remember({ role: 'caller', text: message.content });
    this.#store(message, answer);
  }

  async #answer(message: TextMessage, signal: AbortSignal): Promise<void> {
    const { places, conversation, listener } = this.#options;
    const release = await places.take('responder', message.lane);
    if (this.#isClosed()) {
      release();
      return;
    }
    conversation.remember({ role: 'caller', text: message.content });
    const trace = this.#options.trace?.text(message.seq);
    try {
      const { answer, hangUp } = await this.#ask(signal, trace);
      if (this.#isClosed()) return;
      if (signal.aborted) listener.tell({ type: 'error', code: 'cancelled', message: 'the answer was cancelled', re: message.seq });
      else listener.tell({ type: 'text', content: answer, re: message.seq });
      this.#store(message, signal.aborted ? '' : answer);
      if (hangUp && !signal.aborted) listener.onHangUp();
    } catch (error) {
      listener.onCrash(error);
      if (this.#isClosed()) return;
      listener.tell({ type: 'error', code: 'responder_failed', message: messageOf(error), re: message.seq });
      this.#store(message, '');
    } finally {
      trace?.end();
      release();
    }
  }

  async #ask(signal: AbortSignal, trace: TextTrace | undefined): Promise<{ answer: string; hangUp: boolean }> {
    const made = await this.#options.responder();
    const engine = trace === undefined ? made : tracedResponder(made, () => trace.call(made.name));
    let answer = '';
    let hangUp = false;
    for await (const chunk of answerOf(engine, this.#options, signal)) {
      if (chunk.kind === 'end_call') hangUp = true;
      else if (answer.length < MOST_ANSWER_CHARS) answer += chunk.text.slice(0, MOST_ANSWER_CHARS - answer.length);
    }
    return { answer, hangUp };
  }

  /** The next message does not wait for Redis; this one counts as committed only once it is stored. */
  #store(message: TextMessage, answer: string): void {
    const { conversation, listener } = this.#options;
    if (answer !== '') conversation.remember({ role: 'agent', text: answer });
    const atMs = wallMs();
    const items = [
      { kind: 'caller', turn: TEXT_TURN, text: message.content, atMs, seq: message.seq },
      { kind: 'agent', turn: TEXT_TURN, text: answer, interrupted: false, atMs },
    ] as const;
    void conversation
      .commit(items, { text: message.seq })
      .then(() => listener.onAnswered(answer))
      .catch((error: unknown) => listener.onCrash(error));
  }
}

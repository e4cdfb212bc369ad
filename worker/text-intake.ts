import type { AgentEvent, TextBody } from '../shared/protocol/agent-event.ts';
import { unpack } from '../shared/protocol/structured.ts';
import type { Acks } from './acks.ts';
import type { IngressFrame } from './inbox.ts';
import type { TextTurns } from './text-turns.ts';

/** Texts of one session that wait for their answers; more are refused. */
const MOST_WAITING_TEXTS = 1000;

type ErrorEvent = Extract<AgentEvent, { type: 'error' }>;

export interface TextIntakeOptions {
  readonly acks: Acks;
  readonly texts: TextTurns;
  /** What earlier owners stored of answers, by the ingress seq of their texts; empty where one was answered with an error. */
  readonly answers: ReadonlyMap<number, string>;
  readonly tell: (event: AgentEvent) => void;
}

/** A session's text messages as they come in: each is owed one answer, whoever gives it. */
export class TextIntake {
  readonly #options: TextIntakeOptions;

  constructor(options: TextIntakeOptions) {
    this.#options = options;
  }

  take({ seq, lane, payload }: IngressFrame): void {
    const { acks, texts, answers } = this.#options;
    const body = unpack<TextBody>(payload);
    if (body === undefined) return this.refuse(seq, { type: 'error', code: 'internal', message: 'a text did not arrive whole' });
    const stored = answers.get(seq);
    if (stored !== undefined) return this.#answeredBefore(seq, stored, body.answer !== undefined);
    if (texts.waiting >= MOST_WAITING_TEXTS && body.answer === undefined) {
      const message = `${MOST_WAITING_TEXTS} texts of this session wait for their answers already`;
      return this.refuse(seq, { type: 'error', code: 'shed', message, retryAfterMs: 1000 });
    }
    acks.textReceived(seq);
    texts.push({ seq, lane, ...body });
  }

  /** A text that is answered with an error: no later owner is to answer it again. */
  refuse(seq: number, error: ErrorEvent): void {
    this.#options.acks.textDone(seq);
    this.#options.tell({ ...error, re: seq });
  }

  /** An owner before this one stored the text with its answer; the caller may not have got it. */
  #answeredBefore(seq: number, answer: string, isDelivered: boolean): void {
    this.#options.acks.textDone(seq);
    if (isDelivered) return;
    const message = 'no answer came of this text';
    this.#options.tell(answer === '' ? { type: 'error', code: 'responder_failed', message, re: seq } : { type: 'text', content: answer, re: seq });
  }
}

import type { WebSocket } from 'ws';
import type { Question } from './text-questions.ts';

/** What became of one connection's questions. Right + wrong + missing = asked. */
export interface ConversationOutcome {
  readonly right: number;
  readonly wrong: number;
  readonly missing: number;
  /** Send to answer, one entry an answer. */
  readonly durationsMs: readonly number[];
  /** The first things that went wrong, in words. */
  readonly faults: readonly string[];
}

const MOST_FAULTS = 5;

/**
 * Asks over an open socket as a client that knows nothing but text messages does: it counts one reply a message, in order,
 * so that any other message in between is a wrong answer. At most `inFlight` questions wait for their answers at once; a
 * silence of `silenceMs` or a closed socket leaves the rest missing.
 */
export class TextConversation {
  readonly #socket: WebSocket;
  readonly #questions: readonly Question[];
  readonly #sentAtMs: number[] = [];
  readonly #durationsMs: number[] = [];
  readonly #faults: string[] = [];
  #right = 0;
  #resolve: () => void = () => undefined;

  constructor(socket: WebSocket, questions: readonly Question[]) {
    this.#socket = socket;
    this.#questions = questions;
  }

  /** Resolves when every question is answered or no answer is to be expected any more. Call once. */
  async run(inFlight: number, silenceMs: number): Promise<ConversationOutcome> {
    const silence = setTimeout(() => this.#giveUp(`no answer for ${silenceMs / 1000} s`), silenceMs);
    await new Promise<void>((resolve) => {
      this.#resolve = resolve;
      this.#socket.on('message', (data: Buffer) => {
        silence.refresh();
        this.#take(data.toString());
        this.#send(1);
        if (this.#durationsMs.length >= this.#questions.length) resolve();
      });
      this.#socket.once('close', (code: number, reason: Buffer) => this.#giveUp(`closed with ${code} "${reason.toString()}"`));
      this.#send(inFlight);
      if (this.#questions.length === 0) resolve();
    });
    clearTimeout(silence);
    return this.#outcome();
  }

  #send(count: number): void {
    for (const { content } of this.#questions.slice(this.#sentAtMs.length, this.#sentAtMs.length + count)) {
      this.#sentAtMs.push(performance.now());
      this.#socket.send(JSON.stringify({ type: 'text', content }));
    }
  }

  #take(message: string): void {
    const place = this.#durationsMs.length;
    const question = this.#questions[place];
    if (question === undefined) return this.#fault(`one message more than questions: ${message}`);
    this.#durationsMs.push(performance.now() - (this.#sentAtMs[place] ?? 0));
    const answer = contentOf(message);
    if (answer !== undefined && question.isAnsweredBy(answer)) this.#right += 1;
    else this.#fault(`message ${place} "${question.content}": expected ${question.expected}, got ${message}`);
  }

  #giveUp(reason: string): void {
    if (this.#durationsMs.length < this.#questions.length) this.#fault(reason);
    this.#resolve();
  }

  #fault(words: string): void {
    if (this.#faults.length < MOST_FAULTS) this.#faults.push(words.slice(0, 300));
  }

  #outcome(): ConversationOutcome {
    const answered = this.#durationsMs.length;
    return {
      right: this.#right,
      wrong: answered - this.#right,
      missing: this.#questions.length - answered,
      durationsMs: this.#durationsMs,
      faults: this.#faults,
    };
  }
}

/** The content of a text reply; undefined for any other message. */
function contentOf(message: string): string | undefined {
  try {
    const reply: unknown = JSON.parse(message);
    if (typeof reply !== 'object' || reply === null || !('type' in reply) || reply.type !== 'text') return undefined;
    return 'content' in reply && typeof reply.content === 'string' ? reply.content : undefined;
  } catch {
    // What is no JSON is no answer; the caller quotes it as it came.
    return undefined;
  }
}

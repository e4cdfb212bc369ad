import { z } from 'zod';
import { goingOnAfter } from '../begun.ts';
import { EngineError, type Responder, type ResponderChunk, type ResponderRequest } from '../ports.ts';
import type { Endpoint } from './settings.ts';
import { SseParser } from './sse.ts';
import { send, withOneRetry } from './vendor-request.ts';

/** What the model is told when the caller was not understood. */
export const UNCLEAR_TURN = '(The caller said something that could not be understood.)';

/**
 * Asks for the rest of an answer. Ways to have a model go on with its own last message exist, but each vendor has its own
 * (`prefix`, `partial`, `continue_final_message`), most refuse the others' fields, and some any conversation that ends
 * with the assistant: an instruction is understood by all.
 */
export const GO_ON =
  '(You were cut off there. Go on with your answer right after its last word. Do not repeat any of it, and do not mention this.)';

/** Older contributions are left out: a conversation may go on for hours, a model's context does not. */
const MAX_HISTORY_ITEMS = 100;
/** Several minutes of speech; a model that goes on for longer is stopped. */
const MAX_REPLY_CHARS = 16_000;
/** Each token comes in some 200 bytes of JSON. */
const MAX_ANSWER_BYTES = 8_000_000;

const chunkSchema = z.object({
  choices: z
    .array(z.object({ delta: z.object({ content: z.string().nullish() }).nullish(), finish_reason: z.string().nullish() }))
    .default([]),
  error: z.union([z.string(), z.object({ message: z.string() })]).nullish(),
});

interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Streams answers from `/chat/completions`. */
export class HostedResponder implements Responder {
  readonly name = 'openai';
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** None in particular: a language model understands them all. */
  phrases(): readonly string[] {
    return [];
  }

  async *respond(request: ResponderRequest, signal: AbortSignal): AsyncGenerator<ResponderChunk> {
    const answer = withOneRetry(() => this.#attempt(request, signal), signal);
    yield* request.begun === undefined ? answer : goingOnAfter(answer, request.begun);
  }

  async close(): Promise<void> {
    // Requests end with the answers that made them.
  }

  async *#attempt(request: ResponderRequest, signal: AbortSignal): AsyncGenerator<ResponderChunk> {
    const body = JSON.stringify({ model: this.#endpoint.model, stream: true, messages: chatMessages(request) });
    const parser = new SseParser();
    let chars = 0;
    let ended = false;
    for await (const bytes of send(this.#endpoint, { path: '/chat/completions', body, maxBytes: MAX_ANSWER_BYTES, traceparent: request.traceparent }, signal)) {
      for (const data of parser.push(bytes)) {
        if (data === '[DONE]') return;
        const { text, finished } = readChunk(data);
        ended ||= finished;
        if (text === '') continue;
        yield { kind: 'text', text };
        chars += text.length;
        if (signal.aborted || chars > MAX_REPLY_CHARS) return;
      }
    }
    if (!ended && !signal.aborted) throw new EngineError('the answer ended in the middle', true);
  }
}

/** The conversation as chat messages, the instructions first; last, where an answer was begun, that and the wish for its rest. */
export function chatMessages({ agent, history, begun }: ResponderRequest): ChatMessage[] {
  const messages: ChatMessage[] = agent.instructions === '' ? [] : [{ role: 'system', content: agent.instructions }];
  for (const { role, text } of history.slice(-MAX_HISTORY_ITEMS)) {
    if (role === 'caller') messages.push({ role: 'user', content: text.trim() === '' ? UNCLEAR_TURN : text });
    else if (text !== '') messages.push({ role: 'assistant', content: text });
  }
  if (begun !== undefined) messages.push({ role: 'assistant', content: begun }, { role: 'user', content: GO_ON });
  return messages;
}

function readChunk(data: string): { readonly text: string; readonly finished: boolean } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch (cause) {
    throw new EngineError('a piece of the answer is not JSON', true, { cause });
  }
  const chunk = chunkSchema.safeParse(parsed);
  if (!chunk.success) throw new EngineError('a piece of the answer is not a chat completion chunk', false, { cause: chunk.error });
  const { choices, error } = chunk.data;
  if (error !== undefined && error !== null) {
    throw new EngineError(`the vendor broke off: ${(typeof error === 'string' ? error : error.message).slice(0, 300)}`, true);
  }
  const [choice] = choices;
  return { text: choice?.delta?.content ?? '', finished: typeof choice?.finish_reason === 'string' };
}

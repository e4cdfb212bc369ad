import type { AgentConfig } from '../shared/protocol/agent-config.ts';
import { wallMs } from '../shared/runtime/clock.ts';
import type { Conversation } from './conversation.ts';
import { chunksWithin } from './engine-deadline.ts';
import type { Responder, ResponderChunk, ResponderRequest } from './speech/ports.ts';

/** What a responder is told beside the question. */
export interface Asking {
  readonly agent: AgentConfig;
  readonly conversation: Conversation;
  readonly fleet: () => ResponderRequest['fleet'];
  readonly engineDeadlineMs: number;
}

/**
 * A responder's answer to the conversation as it stands, each piece within the deadline, else EngineError; ends when `signal` aborts.
 * `begun`: sentences of it that were made before, which it is to go on from.
 */
export function answerOf(responder: Responder, { agent, conversation, fleet, engineDeadlineMs }: Asking, signal: AbortSignal, begun: readonly string[] = []): AsyncIterable<ResponderChunk> {
  const asked: ResponderRequest = { agent, history: conversation.history, nowMs: wallMs(), fleet: fleet() };
  const chunks = responder.respond(begun.length === 0 ? asked : { ...asked, begun: begun.join(' ') }, signal);
  return chunksWithin(chunks, signal, engineDeadlineMs, 'the responder');
}

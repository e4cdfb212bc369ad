import type { AgentConfig } from '../../../shared/protocol/agent-config.ts';
import { restOfAnswer } from '../begun.ts';
import type { EngineContext, Responder, ResponderChunk, ResponderRequest } from '../ports.ts';
import { say, type Answer } from './intents/intent.ts';
import { askAgain, callerText, KNOWN_PHRASES, understand } from './intents/understanding.ts';

/**
 * The offline responder: an intent responder, not a language model. Of an agent's instructions it understands one thing:
 * `repeat` (or a text that contains "repeat what the caller says") makes it answer with exactly what it heard.
 */
export function createEmbeddedResponder(context: EngineContext): Promise<Responder> {
  context.log.debug({ engine: 'embedded', phrases: KNOWN_PHRASES.length }, 'responder ready');
  return Promise.resolve(new EmbeddedResponder());
}

class EmbeddedResponder implements Responder {
  readonly name = 'embedded';

  /** All phrases it understands; none for an agent that repeats, whose callers may say anything. */
  phrases(agent: AgentConfig): readonly string[] {
    return isRepeater(agent) ? [] : KNOWN_PHRASES;
  }

  /**
   * Answers sentence by sentence, one chunk each; all but the first begin with the space that parts them. What is left of an
   * answer that was begun is one chunk. Never throws.
   */
  async *respond(request: ResponderRequest, signal: AbortSignal): AsyncIterable<ResponderChunk> {
    const answer = isRepeater(request.agent) ? repeated(request) : understand(request).answer;
    for (const [i, sentence] of sentencesLeft(answer, request.begun).entries()) {
      if (signal.aborted) return;
      yield { kind: 'text', text: i === 0 ? sentence : ` ${sentence}` };
    }
    if (answer.endsCall === true && !signal.aborted) yield { kind: 'end_call' };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function sentencesLeft({ sentences }: Answer, begun: string | undefined): readonly string[] {
  if (begun === undefined) return sentences;
  const rest = restOfAnswer(sentences.join(' '), begun).trim();
  return rest === '' ? [] : [rest];
}

/** Whether the agent's instructions are to repeat. */
function isRepeater(agent: AgentConfig): boolean {
  const instructions = agent.instructions.trim().toLowerCase();
  return /^repeat[.!]?$/.test(instructions) || instructions.includes('repeat what the caller says');
}

function repeated(request: ResponderRequest): Answer {
  const text = callerText(request);
  return text.trim() === '' ? askAgain(request) : say(text);
}

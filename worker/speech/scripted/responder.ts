import { restOfAnswer } from '../begun.ts';
import { EngineError, type Responder, type ResponderChunk, type ResponderRequest } from '../ports.ts';
import { failIf, lapse, type ScriptedCalls, type ScriptedSettings } from './script.ts';

/** Instructions that start so hold the replies themselves: a JSON list of strings, one per turn of the caller. */
export const SCRIPT_PREFIX = 'script:';

/**
 * What the scripted responder says to the last item of the history: the script's reply for this turn of the caller, else
 * what the caller said. Throws EngineError where the script is not a JSON list of strings.
 */
export function scriptedReply({ agent, history }: ResponderRequest): string {
  const turn = history.filter((item) => item.role === 'caller').length;
  const heard = history.at(-1)?.text.trim() ?? '';
  const planned = agent.instructions.startsWith(SCRIPT_PREFIX) ? readScript(agent.instructions)[turn - 1] : undefined;
  if (planned !== undefined) return planned;
  return heard === '' ? 'I did not hear you.' : `You said: ${heard}.`;
}

/** Says back what it heard, or what its script says. "goodbye" ends the call. */
export class ScriptedResponder implements Responder {
  readonly name = 'scripted';
  readonly #settings: ScriptedSettings;
  readonly #calls: ScriptedCalls;

  constructor(settings: ScriptedSettings, calls: ScriptedCalls) {
    this.#settings = settings;
    this.#calls = calls;
  }

  phrases(): readonly string[] {
    return ['goodbye'];
  }

  async *respond(request: ResponderRequest, signal: AbortSignal): AsyncGenerator<ResponderChunk> {
    const call = this.#calls.next();
    const tokens = restOfAnswer(scriptedReply(request), request.begun).match(/\s*\S+/g) ?? [];
    for (const [place, text] of tokens.entries()) {
      const latency = place === 0 ? this.#settings.firstToken : this.#settings.token;
      if (!(await lapse(latency, call, signal))) return;
      failIf(call, place === 0 ? 'before' : 'after');
      yield { kind: 'text', text };
    }
    failIf(call, 'after');
    if (/\bgoodbye\b/i.test(request.history.at(-1)?.text ?? '')) yield { kind: 'end_call' };
  }

  async close(): Promise<void> {
    // Nothing is held: answers live by their consumers' references alone.
  }
}

function readScript(instructions: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(instructions.slice(SCRIPT_PREFIX.length));
    if (Array.isArray(list) && list.every((reply) => typeof reply === 'string')) return list;
  } catch (cause) {
    throw new EngineError(`the instructions after "${SCRIPT_PREFIX}" are not JSON`, false, { cause });
  }
  throw new EngineError(`the instructions after "${SCRIPT_PREFIX}" are not a JSON list of strings`, false);
}

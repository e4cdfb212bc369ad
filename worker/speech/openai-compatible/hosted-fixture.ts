import { after } from 'node:test';
import { startOpenaiServer, type OpenaiServer } from '../../../shared/testing/openai-server.ts';
import { createLog } from '../../../shared/runtime/log.ts';
import { INTERNAL_RATE_HZ, type EngineContext } from '../ports.ts';
import { GO_ON } from './responder.ts';

/** What the hosted recognizer of tests understands: nothing where all is silent, else how many seconds it was given. */
export function hostedTranscript(samples: Int16Array): string {
  const isSilent = samples.every((sample) => sample === 0);
  return isSilent ? ' ' : `${(samples.filter((sample) => sample !== 0).length / INTERNAL_RATE_HZ).toFixed(1)} seconds`;
}

/** What the hosted responder of tests says, in pieces. */
export function hostedReply(lastMessage: string): string[] {
  return ['Grüß ', 'dich! ', 'Du sagst: ', lastMessage, ' 🌍'];
}

/** A model that is asked to go on begins from the start, as they do. */
function hostedContinuation(server: OpenaiServer | undefined): string[] {
  const messages = server?.requests.at(-1)?.fields['messages'];
  const question: unknown = Array.isArray(messages) ? messages.at(-3) : undefined;
  return hostedReply(typeof question === 'object' && question !== null && 'content' in question ? String(question.content) : '');
}

/** What the hosted synthesizer of tests speaks: a tone at 24 kHz, 60 ms a character. */
export function hostedSpeech(text: string): Int16Array {
  return Int16Array.from({ length: text.length * 1440 }, (_, place) => Math.round(9000 * Math.sin(place / (5 + (text.length % 7)))));
}

/** A server on first ask, closed after the last test, and the environment that leads the engines to it. */
export interface HostedFixture {
  server(): Promise<OpenaiServer>;
  context(settings?: Readonly<Record<string, string>>): Promise<EngineContext>;
}

/** Call it at the top of a test file or inside `describe`. */
export function hostedFixture(): HostedFixture {
  let started: Promise<OpenaiServer> | undefined;
  let running: OpenaiServer | undefined;
  const reply = (last: string): string[] => (last === GO_ON ? hostedContinuation(running) : hostedReply(last));
  const options = { apiKey: 'sk-test', transcribe: hostedTranscript, reply, speak: hostedSpeech };
  const start = async (): Promise<OpenaiServer> => (running = await startOpenaiServer(options));
  const server = (): Promise<OpenaiServer> => (started ??= start());
  after(async () => {
    if (started !== undefined) await (await started).close();
  });
  return {
    server,
    context: async (settings = {}) => ({
      env: { OPENAI_BASE_URL: (await server()).baseUrl, OPENAI_API_KEY: 'sk-test', ...settings },
      log: createLog({ tier: 'test', id: 'hosted', level: 'silent' }),
    }),
  };
}

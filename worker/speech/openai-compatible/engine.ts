import type { EngineModule } from '../ports.ts';
import { HostedRecognizer } from './recognizer.ts';
import { HostedResponder } from './responder.ts';
import { readChatEndpoint, readSpeechEndpoint, readTranscriptionEndpoint } from './settings.ts';
import { HostedSynthesizer } from './synthesizer.ts';

/**
 * Engines behind OpenAI's HTTP interface: OpenAI itself, or any server that speaks it (vLLM, Ollama, LocalAI, speaches),
 * by base URL and key (see settings.ts). Voice activity has no such interface.
 */
export const openaiEngine: EngineModule = {
  name: 'openai',
  recognizer: async ({ env }) => new HostedRecognizer(readTranscriptionEndpoint(env)),
  responder: async ({ env }) => new HostedResponder(readChatEndpoint(env)),
  synthesizer: async ({ env }) => new HostedSynthesizer(readSpeechEndpoint(env)),
};

import type { EngineModule } from '../ports.ts';
import { readChatEndpoint, readSpeechEndpoint, readTranscriptionEndpoint } from './settings.ts';

/**
 * Engines behind OpenAI's HTTP interface: OpenAI itself, or any server that speaks it (vLLM, Ollama, LocalAI, speaches),
 * by base URL and key (see settings.ts). Voice activity has no such interface. Each is imported on first use: a worker that
 * has none of them is ready a tenth sooner.
 */
export const openaiEngine: EngineModule = {
  name: 'openai',
  recognizer: async ({ env }) => new (await import('./recognizer.ts')).HostedRecognizer(readTranscriptionEndpoint(env)),
  responder: async ({ env }) => new (await import('./responder.ts')).HostedResponder(readChatEndpoint(env)),
  synthesizer: async ({ env }) => new (await import('./synthesizer.ts')).HostedSynthesizer(readSpeechEndpoint(env)),
};

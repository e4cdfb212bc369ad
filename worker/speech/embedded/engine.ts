import type { EngineModule } from '../ports.ts';

/**
 * Engines that work offline, with weights from installed packages. Each is imported on first use, so that a missing
 * system library harms only the need that wants it.
 */
export const embeddedEngine: EngineModule = {
  name: 'embedded',
  computesHere: true,
  voiceActivity: async (context) => (await import('./voice-activity.ts')).createEmbeddedVoiceActivity(context),
  recognizer: async (context) => (await import('./recognizer.ts')).createEmbeddedRecognizer(context),
  responder: async (context) => (await import('./responder.ts')).createEmbeddedResponder(context),
  synthesizer: async (context) => (await import('./synthesizer.ts')).createEmbeddedSynthesizer(context),
};

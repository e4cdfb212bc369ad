import type { EngineModule } from '../ports.ts';
import { ScriptedRecognizer } from './recognizer.ts';
import { ScriptedResponder } from './responder.ts';
import { readScriptedSettings, ScriptedCalls } from './script.ts';
import { ScriptedSynthesizer } from './synthesizer.ts';
import { ScriptedVoiceActivity } from './voice-activity.ts';

/** Deterministic engines for tests and load, with latencies and faults from SCRIPTED_* (see `readScriptedSettings`). */
export const scriptedEngine: EngineModule = {
  name: 'scripted',
  voiceActivity: async ({ env }) => new ScriptedVoiceActivity(new ScriptedCalls(readScriptedSettings(env), 'voice_activity')),
  recognizer: async ({ env }) => {
    const settings = readScriptedSettings(env);
    return new ScriptedRecognizer(settings, new ScriptedCalls(settings, 'recognizer'));
  },
  responder: async ({ env }) => {
    const settings = readScriptedSettings(env);
    return new ScriptedResponder(settings, new ScriptedCalls(settings, 'responder'));
  },
  synthesizer: async ({ env }) => {
    const settings = readScriptedSettings(env);
    return new ScriptedSynthesizer(settings, new ScriptedCalls(settings, 'synthesizer'));
  },
};

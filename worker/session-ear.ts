import type { SessionConfig } from '../shared/protocol/agent-config.ts';
import { Hearing } from './hearing.ts';
import type { SessionEngines } from './trace/traced-engines.ts';

type HearingListener = Parameters<typeof Hearing.open>[0]['listener'];

/** Makes a session's ear ready: its own engines, biased by what its caller may say. Rejects where an engine could not be made. */
export async function openSessionEar(config: SessionConfig, engines: SessionEngines, listener: HearingListener): Promise<Hearing> {
  const { language, hints } = config.agent;
  const { voice_activity: voiceActivity, recognizer, responder } = config.agent.engines;
  const phrases = await engines.responder(responder).then((engine) => engine.phrases(config.agent), () => []);
  return Hearing.open({
    format: config.input,
    bias: { language, phrases: [...hints, ...phrases] },
    voiceActivity: () => engines.voiceActivity(voiceActivity),
    recognizer: () => engines.recognizer(recognizer),
    listener,
  });
}

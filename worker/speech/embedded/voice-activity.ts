import { integer, loadConfig } from '../../../shared/runtime/env.ts';
import type { EngineContext, VoiceActivity } from '../ports.ts';
import { SileroHost } from './silero-host.ts';

/** What the embedded voice activity reads from the environment. */
export const VOICE_ACTIVITY_SETTINGS = {
  threads: integer('VAD_THREADS', 1, [1, 64], 'Threads of the embedded voice activity; one hears about 200 callers.'),
};

/** Silero on its own threads. Resolves once they listen; rejects with ConfigError or, where a thread cannot start, EngineError. */
export async function createEmbeddedVoiceActivity({ env, log }: EngineContext): Promise<VoiceActivity> {
  const { threads } = loadConfig(VOICE_ACTIVITY_SETTINGS, env);
  refuseTelemetry();
  const script = new URL('./silero-thread.js', import.meta.url);
  const hosts = Array.from({ length: threads }, () => new SileroHost(script, log));
  const atExit = (): void => {
    for (const host of hosts) host.endAtExit();
  };
  process.once('exit', atExit);
  const close = async (): Promise<void> => {
    await Promise.all(hosts.map((host) => host.close()));
    process.off('exit', atExit);
  };
  try {
    await Promise.all(hosts.map((host) => host.ready));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name: 'embedded',
    open: (listener) => hosts.reduce((least, host) => (host.size < least.size ? host : least)).open(listener),
    close,
  };
}

/**
 * ONNX Runtime sends telemetry to its makers unless this says otherwise when it is loaded. Threads do not share their
 * `process.env` with native code: it is said here, before one is there.
 */
function refuseTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
}

import { availableParallelism } from 'node:os';
import { integer, list, loadConfig, matching, type Config } from '../shared/runtime/env.ts';
import { processId, SHARED_SETTINGS } from '../shared/runtime/settings.ts';

const ENGINE_NAME = /^[a-z0-9-]{1,64}$/;
const ENGINE_EXPECTED = 'the name of an engine: small letters, digits and -';

/** Everything a worker can be told from outside. */
export const WORKER_SETTINGS = {
  ...SHARED_SETTINGS,
  workerId: processId('WORKER_ID', 'worker'),
  adminHost: matching('ADMIN_HOST', '127.0.0.1', /^\S+$/, 'an address to listen on', 'Address of the health and metrics port.'),
  adminPort: integer('ADMIN_PORT', 8081, [0, 65_535], 'Port of `/health/live`, `/health/ready` and `/metrics`.'),
  slots: integer('SLOTS', 200, [1, 100_000], 'Sessions this worker holds at most; bulk may fill 80 % of them, normal 95 %, urgent all.'),
  maxWorkers: integer('MAX_WORKERS', availableParallelism(), [1, 10_000], 'Turns computed on this machine at once (default: cores); the rest wait in lanes. Turns that wait for a service elsewhere are not counted.'),
  queueSize: integer('QUEUE_SIZE', 8000, [10, 1_000_000], 'Frames and messages waiting to be looked at; past it the least urgent and oldest are shed.'),
  frameDeadlineMs: integer('FRAME_DEADLINE_MS', 10_000, [100, 600_000], 'Live audio older than this when it is looked at is shed.'),
  endpointSilenceMs: integer('ENDPOINT_SILENCE_MS', 500, [200, 10_000], 'Silence after speech that ends the turn of the caller.'),
  turnLimitMs: integer('TURN_LIMIT_MS', 60_000, [1000, 600_000], 'The turn of a caller is cut here.'),
  engineDeadlineMs: integer('ENGINE_DEADLINE_MS', 30_000, [100, 600_000], 'An engine that gives nothing for this long has failed on that turn.'),
  playoutLeadMs: integer('PLAYOUT_LEAD_MS', 1000, [100, 30_000], 'Agent audio is sent at most this far ahead of its playing.'),
  reconnectGraceMs: integer('RECONNECT_GRACE_MS', 30_000, [0, 3_600_000], 'A session whose connection is gone keeps its worker this long.'),
  handoffAfterMs: integer('HANDOFF_AFTER_MS', 3000, [0, 600_000], 'While draining, a session is handed off at its next turn boundary or after this.'),
  engineModules: list('ENGINE_MODULES', 'ES modules with further engines: paths or package names, separated by commas.'),
  voiceActivityEngine: matching('VOICE_ACTIVITY_ENGINE', 'embedded', ENGINE_NAME, ENGINE_EXPECTED, 'Voice activity engine of sessions that name none.'),
  recognizerEngine: matching('RECOGNIZER_ENGINE', 'embedded', ENGINE_NAME, ENGINE_EXPECTED, 'Recognizer of sessions that name none.'),
  responderEngine: matching('RESPONDER_ENGINE', 'embedded', ENGINE_NAME, ENGINE_EXPECTED, 'Responder of sessions that name none.'),
  synthesizerEngine: matching('SYNTHESIZER_ENGINE', 'embedded', ENGINE_NAME, ENGINE_EXPECTED, 'Synthesizer of sessions that name none.'),
} as const;

export type WorkerConfig = Config<typeof WORKER_SETTINGS>;

/** Reads the worker's configuration. Throws ConfigError with every mistake at once. */
export function loadWorkerConfig(env: NodeJS.ProcessEnv): WorkerConfig {
  return loadConfig(WORKER_SETTINGS, env);
}

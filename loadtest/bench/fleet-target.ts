import type { RunningProcess } from '../../deploy/local/processes.ts';
import { startNats, startRedis } from '../../deploy/local/servers.ts';
import { createSession, type SessionRequest } from '../../shared/client/session-request.ts';
import { NATIVE_SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../../shared/protocol/native-message.ts';
import { echoGreeting } from '../load/echo-frame.ts';
import type { Line } from './caller-plan.ts';
import { inParallel } from './parallel.ts';
import { moduleOf, startListening, stopAll, type ListeningProcess } from './processes.ts';
import type { LineUse, Target } from './target.ts';

export interface FleetTargetOptions {
  /** Node's own flags for the gateway and the worker: an inspector, for instance. */
  readonly execArgv?: readonly string[];
  readonly onLine?: (name: string, line: string) => void;
  /** Settings of the worker beside the bench's own. */
  readonly workerEnv?: Readonly<Record<string, string>>;
}

/** The fleet that is measured: one gateway, one worker, NATS and Redis, real processes. */
export interface FleetTarget extends Target {
  readonly gateway: ListeningProcess;
  readonly worker: ListeningProcess;
  readonly redis: RunningProcess;
}

/** More than any run has at once. */
const SLOTS = '20000';
const CREATES_AT_ONCE = 20;
/** Many replies of one short word: what is measured is how soon it begins. */
const SHORT_REPLIES = `script:${JSON.stringify(new Array<string>(200).fill('Ok.'))}`;
const ECHO = { voice_activity: 'echo', synthesizer: 'echo' } as const;

const COMMON = { LOG_LEVEL: 'warn' };
const GATEWAY = { MAX_WEBSOCKET_CONNECTIONS: '18000' };
const WORKER = {
  SLOTS, VOICE_ACTIVITY_ENGINE: 'scripted', RECOGNIZER_ENGINE: 'scripted', RESPONDER_ENGINE: 'scripted', SYNTHESIZER_ENGINE: 'scripted',
  // Sessions of callers who hung up make room for those of the next run.
  RECONNECT_GRACE_MS: '500',
  // An echo says nothing while nothing is said to it: that is no failure.
  ENGINE_DEADLINE_MS: '600000',
  // Speech is sent only so far ahead of its playing. Frames that were held up once and then came together would be spoken, and
  // so echoed, that much later for the rest of the call: pacing is right for speech, and not what an echo is to measure.
  PLAYOUT_LEAD_MS: '30000',
};

/** Starts the fleet. Throws StartError; nothing is left running then. */
export async function startFleetTarget({ execArgv = [], onLine, workerEnv = {} }: FleetTargetOptions = {}): Promise<FleetTarget> {
  const started: RunningProcess[] = [];
  try {
    const nats = await startNats();
    started.push(nats);
    const redis = await startRedis();
    started.push(redis);
    const tier = async (name: string, env: Readonly<Record<string, string>>, portName: string): Promise<ListeningProcess> => {
      const process = await startListening({
        name, script: `${name}/main.js`, execArgv, onLine: (line) => onLine?.(name, line),
        env: { ...COMMON, NATS_URL: nats.url, REDIS_URL: redis.url, ...env },
      }, '/health/ready', portName);
      started.push(process);
      return process;
    };
    const worker = await tier('worker', { ...WORKER, ENGINE_MODULES: moduleOf('loadtest/load/echo-engine.js'), WORKER_ID: 'bench', ...workerEnv }, 'ADMIN_PORT');
    const gateway = await tier('gateway', { ...GATEWAY, GATEWAY_ID: 'bench' }, 'PORT');
    return {
      name: 'fleet', dialect: 'native', awaitsFirst: true, gateway, worker, redis,
      processes: new Map<string, RunningProcess>([['gateway', gateway], ['worker', worker], ['nats', nats], ['redis', redis]]),
      lines: linesOf(`http://127.0.0.1:${gateway.port}`),
      stop: () => stopAll(started),
    };
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

/** Creates a session for each line. Keys are never used twice: an echo of an earlier run may still be about to end. */
function linesOf(url: string): Target['lines'] {
  let nextKey = 1;
  return async (count, use) => {
    const lines: Line[] = [];
    const keys = Array.from({ length: count }, () => nextKey++);
    await inParallel(keys, CREATES_AT_ONCE, async (key) => {
      const { ws_url, token } = await createSession(url, sessionFor(key, use));
      // Who only writes texts is a plain client: one answer a message, nothing else.
      const protocols = use.kind === 'text' ? [] : [NATIVE_SUBPROTOCOL, `${TOKEN_SUBPROTOCOL_PREFIX}${token}`];
      lines.push({ url: ws_url, protocols, key });
    });
    return lines;
  };
}

function sessionFor(key: number, { kind, priority }: LineUse): SessionRequest {
  const urgency = priority === undefined ? {} : { priority };
  switch (kind) {
    case 'relay':
      return { ...urgency, agent: { instructions: '', greeting: echoGreeting(key), engines: ECHO } };
    case 'turns':
      return { ...urgency, agent: { instructions: SHORT_REPLIES } };
    case 'text':
    case 'idle':
      return { ...urgency, agent: { instructions: '' } };
  }
}

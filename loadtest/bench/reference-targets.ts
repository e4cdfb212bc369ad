import { startProcess, type RunningProcess } from '../../deploy/local/processes.ts';
import { startNats } from '../../deploy/local/servers.ts';
import { moduleOf, startListening, startPrinting, stopAll } from './processes.ts';
import { plainLines, type Target } from './target.ts';

const FOLDER = 'loadtest/bench/references';

/** A bare uWebSockets.js echo; `execArgv` are flags of its Node, `onLine` hears its output. Throws StartError. */
export async function startEcho(execArgv: readonly string[] = [], onLine: (line: string) => void = () => undefined): Promise<Target> {
  const server = await startListening({ name: 'echo', script: `${FOLDER}/echo-process.js`, execArgv, onLine });
  return {
    name: 'bare echo', dialect: 'native', awaitsFirst: false, processes: new Map([['echo', server]]),
    lines: async (count) => plainLines(`ws://127.0.0.1:${server.port}/`, count),
    stop: () => stopAll([server]),
  };
}

/** The chain without features: caller → uWebSockets.js → NATS → echo → NATS → uWebSockets.js → caller. Throws StartError. */
export async function startChain(): Promise<Target> {
  const started: RunningProcess[] = [];
  try {
    const nats = await startNats();
    started.push(nats);
    const env = { NATS_URL: nats.url };
    const worker = await startPrinting({ name: 'chain worker', script: `${FOLDER}/chain-worker-process.js`, env });
    started.push(worker);
    const gateway = await startListening({ name: 'chain gateway', script: `${FOLDER}/chain-gateway-process.js`, env });
    started.push(gateway);
    return {
      name: 'bare chain', dialect: 'native', awaitsFirst: false,
      processes: new Map<string, RunningProcess>([['gateway', gateway], ['worker', worker], ['nats', nats]]),
      lines: async (count) => plainLines(`ws://127.0.0.1:${gateway.port}/`, count),
      stop: () => stopAll(started),
    };
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

/** What a bare pair of NATS clients does. */
export interface NatsPairResult {
  /** Messages of 652 bytes, published one by one. */
  readonly perSecond: number;
  /** Median of request and answer. */
  readonly pingMs: number;
}

/** Runs a bare NATS pair for so long. Throws StartError, or where a message was lost. */
export async function runNatsPair(measureMs: number): Promise<NatsPairResult> {
  const started: RunningProcess[] = [];
  const script = `${FOLDER}/nats-pair-process.js`;
  try {
    const nats = await startNats();
    started.push(nats);
    started.push(await startPrinting({ name: 'nats subscriber', script, env: { NATS_URL: nats.url, ROLE: 'subscriber' } }));
    let printed = '';
    const publisher = await startProcess({
      name: 'nats publisher', command: process.execPath, args: [moduleOf(script)],
      env: { NATS_URL: nats.url, ROLE: 'publisher', MEASURE_MS: String(measureMs) }, onLine: (line) => (printed = line),
    });
    const { code } = await publisher.exited;
    if (code !== 0) throw new Error(`the NATS pair failed: ${publisher.logs.join('\n')}`);
    return JSON.parse(printed) as NatsPairResult;
  } finally {
    await stopAll(started);
  }
}

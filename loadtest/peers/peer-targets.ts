import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../deploy/local/ports.ts';
import { startProcess, type RunningProcess } from '../../deploy/local/processes.ts';
import { startRedis } from '../../deploy/local/servers.ts';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { startListening, startPrinting, stopAll } from '../bench/processes.ts';
import { plainLines, type Target } from '../bench/target.ts';

/** What Socket.IO's relay is made of: installed for a run, no part of this package. */
const SOCKET_IO_PACKAGES = ['socket.io@4.8.4', '@socket.io/redis-adapter@8.3.0'];
/** Debian's own Python, which finds Debian's packages. */
const PYTHON = '/usr/bin/python3';
const INSTALL_WITHIN_MS = 120_000;

/** What teams would otherwise write, each with what starts it. A start throws an Error that says what is missing. */
export const PEERS: Readonly<Record<string, () => Promise<Target>>> = { 'ws + Redis': startWsRelay, 'Socket.IO': startSocketIo, FastAPI: startFastApi };

/** `ws` and Redis pub/sub, two processes. */
async function startWsRelay(): Promise<Target> {
  return withStarted(async (started) => {
    const redis = started.add(await startRedis());
    const env = { REDIS_URL: redis.url };
    const worker = started.add(await startPrinting({ name: 'relay worker', script: 'loadtest/peers/redis-worker-process.js', env }));
    const gateway = started.add(await startListening({ name: 'ws relay', script: 'loadtest/peers/ws-gateway-process.js', env }));
    return { ...relay('ws + Redis', started, { gateway, worker, redis }), lines: async (count) => plainLines(`ws://127.0.0.1:${gateway.port}/`, count) };
  });
}

/** Socket.IO with its Redis adapter, two processes. */
async function startSocketIo(): Promise<Target> {
  const modules = installSocketIo();
  return withStarted(async (started) => {
    const redis = started.add(await startRedis());
    const env = { REDIS_URL: redis.url, PEER_MODULES: modules };
    const script = 'loadtest/peers/socket-io-process.js';
    const worker = started.add(await startPrinting({ name: 'socket.io worker', script, env }));
    const gateway = started.add(await startListening({ name: 'socket.io', script, env }));
    return { ...relay('Socket.IO', started, { gateway, worker, redis }), dialect: 'socket.io', lines: async (count) => plainLines(`ws://127.0.0.1:${gateway.port}`, count) };
  });
}

/** FastAPI on uvicorn with uvloop, one process. */
async function startFastApi(): Promise<Target> {
  installDebianPackages();
  const port = await freePort();
  const folder = join(packageRoot(), 'loadtest', 'peers');
  const server = await startProcess({
    name: 'FastAPI', command: PYTHON, readyUrl: `http://127.0.0.1:${port}/`,
    args: ['-m', 'uvicorn', '--app-dir', folder, '--port', String(port), '--loop', 'uvloop', '--http', 'httptools', '--ws', 'websockets', '--log-level', 'warning', 'fastapi_service:app'],
    env: { PYTHONDONTWRITEBYTECODE: '1' },
  });
  return {
    name: 'FastAPI', dialect: 'native', awaitsFirst: false, processes: new Map([['gateway', server]]),
    lines: async (count) => plainLines(`ws://127.0.0.1:${port}/call`, count), stop: () => stopAll([server]),
  };
}

/** Processes that were started, to be ended where a later one cannot be. */
class Started {
  readonly all: RunningProcess[] = [];

  add<T extends RunningProcess>(process: T): T {
    this.all.push(process);
    return process;
  }
}

async function withStarted(start: (started: Started) => Promise<Target>): Promise<Target> {
  const started = new Started();
  try {
    return await start(started);
  } catch (error) {
    await stopAll(started.all);
    throw error;
  }
}

function relay(name: string, started: Started, processes: Readonly<Record<string, RunningProcess>>): Omit<Target, 'lines'> {
  return { name, dialect: 'native', awaitsFirst: false, processes: new Map(Object.entries(processes)), stop: () => stopAll(started.all) };
}

/** Installs the packages beside this one's own files, once; answers where. */
function installSocketIo(): string {
  const folder = join(packageRoot(), '.voxfleet', 'peers');
  mkdirSync(folder, { recursive: true });
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, ...SOCKET_IO_PACKAGES];
  attempt('npm', args, `npm could not install ${SOCKET_IO_PACKAGES.join(' and ')}`);
  return folder;
}

/** Installs FastAPI and uvicorn from Debian, as everything else that the system provides. */
function installDebianPackages(): void {
  attempt(process.execPath, [join(packageRoot(), 'deploy', 'local', 'setup.mjs'), '--peers'], 'FastAPI and uvicorn could not be installed');
}

function attempt(command: string, args: readonly string[], complaint: string): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: INSTALL_WITHIN_MS });
  if (status !== 0) throw new Error(`${complaint}: ${error?.message ?? `${stdout}${stderr}`.trim().split('\n').slice(-3).join(' ')}`);
}

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { startProcess, StartError, type ProcessSpec, type RunningProcess } from './processes.ts';

const PROBE_TIMEOUT_MS = 1000;
const READY_TIMEOUT_MS = 15_000;
/**
 * NATS shares its machine with all who talk to it here: the threads by which Go looks for work on every core are theirs then. One
 * core of two: a third less CPU a message, nobody waits longer. In a container it knows its limit itself.
 */
const NATS_CORES = Math.ceil(availableParallelism() / 2);
/** How often another free port is tried when the first was taken between asking and using it. */
const PORT_ATTEMPTS = 5;

/** A server on 127.0.0.1 that this process started. */
export interface RunningServer extends RunningProcess {
  readonly url: string;
  readonly port: number;
}

export interface ServerOptions {
  /** Instead of a free one: to come back where it was. */
  readonly port?: number;
  /** Instead of `nats` or `redis`, in messages. */
  readonly name?: string;
  /** Flags after the server's own: those of a cluster's node or a replica. */
  readonly flags?: readonly string[];
  readonly onLine?: ((line: string) => void) | undefined;
  /** See ProcessSpec. */
  readonly signal?: AbortSignal | undefined;
}

/** Starts `nats-server` from the PATH, configured by nothing but flags, ready for clients. Throws StartError. */
export function startNats(options: ServerOptions = {}): Promise<RunningServer> {
  // A stranger that took the port in between must not pass for ours: the server is known by its name.
  const identity = `voxfleet-${randomUUID()}`;
  return onFreePort(options.port, async (port) => {
    const running = await startProcess({
      ...serverSpec('nats', options),
      command: 'nats-server',
      env: { GOMAXPROCS: process.env['GOMAXPROCS'] ?? String(NATS_CORES) },
      args: ['--addr', '127.0.0.1', '--port', String(port), '--name', identity, ...(options.flags ?? [])],
      isReady: () => answers(port, '', `"server_name":"${identity}"`),
    });
    return { ...running, port, url: `nats://127.0.0.1:${port}` };
  });
}

/** Starts `redis-server` from the PATH, in memory only, ready for clients. Throws StartError. */
export function startRedis(options: ServerOptions = {}): Promise<RunningServer> {
  return onFreePort(options.port, async (port) => {
    // Nothing is saved, and no file of this name is there to be loaded.
    const unsaved = ['--save', '', '--appendonly', 'no', '--dir', tmpdir(), '--dbfilename', `${randomUUID()}.rdb`, '--rdb-del-sync-files', 'yes'];
    const running = await startProcess({
      ...serverSpec('redis', options),
      command: 'redis-server',
      args: ['--bind', '127.0.0.1', '--port', String(port), ...unsaved, ...(options.flags ?? [])],
      isReady: (pid) => answers(port, 'INFO server\r\n', `process_id:${pid}\r\n`),
    });
    return { ...running, port, url: `redis://127.0.0.1:${port}` };
  });
}

/** What a Sentinel watches. */
export interface SentinelWatch {
  readonly primaryPort: number;
  /** How the primary is called, as in `redis+sentinel://host:port/name`. */
  readonly primaryName: string;
  /** So many Sentinels have to agree that the primary is gone. */
  readonly quorum: number;
  /** Silence after which a primary is taken for gone. */
  readonly downAfterMs: number;
}

/** Starts a Sentinel (`redis-server` from the PATH in its other role), ready for clients. Throws StartError. */
export function startSentinel(watch: SentinelWatch, options: ServerOptions = {}): Promise<RunningServer> {
  return onFreePort(options.port, async (port) => {
    // A Sentinel writes what it learns into its configuration: a file of its own, gone with it.
    const folder = mkdtempSync(join(tmpdir(), 'voxfleet-sentinel-'));
    const file = join(folder, 'sentinel.conf');
    writeFileSync(file, sentinelLines(watch, port, folder).join('\n'));
    const running = await startProcess({
      ...serverSpec('sentinel', options),
      command: 'redis-server',
      args: [file, '--sentinel'],
      isReady: (pid) => answers(port, 'INFO server\r\n', `process_id:${pid}\r\n`),
    });
    void running.exited.then(() => rmSync(folder, { recursive: true, force: true }));
    return { ...running, port, url: `redis://127.0.0.1:${port}` };
  });
}

function sentinelLines({ primaryPort, primaryName, quorum, downAfterMs }: SentinelWatch, port: number, folder: string): string[] {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir ${folder}`,
    `sentinel monitor ${primaryName} 127.0.0.1 ${primaryPort} ${quorum}`,
    `sentinel down-after-milliseconds ${primaryName} ${downAfterMs}`,
    `sentinel failover-timeout ${primaryName} 3000`,
    '',
  ];
}

function serverSpec(name: string, options: ServerOptions): Pick<ProcessSpec, 'name' | 'readyTimeoutMs' | 'onLine' | 'signal'> {
  return { name: options.name ?? name, readyTimeoutMs: READY_TIMEOUT_MS, onLine: options.onLine, signal: options.signal };
}

async function onFreePort(wanted: number | undefined, start: (port: number) => Promise<RunningServer>): Promise<RunningServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(wanted ?? (await freePort()));
    } catch (error) {
      const taken = error instanceof StartError && /address already in use/i.test(error.message);
      if (!taken || wanted !== undefined || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** Whether a server on this port, asked `question`, has `expected` in the first of its answer. */
export function answers(port: number, question: string, expected: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: PROBE_TIMEOUT_MS });
    const settle = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setEncoding('utf8').once('connect', () => { socket.write(question); });
    socket.once('data', (text: string) => { settle(text.includes(expected)); });
    socket.once('timeout', () => { settle(false); }).once('error', () => { settle(false); }).once('close', () => { settle(false); });
  });
}

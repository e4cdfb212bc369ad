import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ChildGroup } from './child-group.ts';
import { LogFile } from './log-file.ts';
import { TIER_FLAGS } from './node-flags.ts';
import { freePort } from './ports.ts';
import { startProcess, type RunningProcess } from './processes.ts';
import { startNats, startRedis, type RunningServer, type ServerOptions } from './servers.ts';
import type { ChildPlan } from './supervised-child.ts';
import { terminalLine } from './terminal-line.ts';

const MAX_HELD_LINES = 100;

/** A fleet on this machine, as data. */
export interface FleetOptions {
  /** The first gateway's port; the next ones follow. */
  readonly port: number;
  /** Where this machine reaches the gateways. */
  readonly host: string;
  readonly gateways: number;
  readonly workers: number;
  /** Compiled entry points. */
  readonly gatewayMain: string;
  readonly workerMain: string;
  /** Where each child's output goes, a file each. Made if it is not there. */
  readonly logFolder: string;
  /** Added to the environment of gateways and workers. */
  readonly env?: Readonly<Record<string, string>>;
  /** Hears what a person should know: deaths, restarts, warnings of the children. */
  readonly say: (text: string) => void;
}

/** A fleet that runs; its children are named nats, redis, gateway-1…, worker-1…. */
export interface Fleet {
  readonly natsUrl: string;
  readonly redisUrl: string;
  readonly gatewayUrls: readonly string[];
  /** How long gateways and workers let calls go on once they are asked to stop. */
  readonly drainMs: number;
  readonly group: ChildGroup;
  /** Starts everything; rejects with StartError, everything stopped, when something cannot start. What children had to say meanwhile is told when all are ready. */
  start(): Promise<void>;
  /** Ends everything, gateways and workers first; resolves when nothing is left and the log files are closed. */
  stop(timeoutMs: number): Promise<void>;
}

interface Addresses {
  readonly nats: number;
  readonly redis: number;
  readonly admin: readonly number[];
}

/** Plans NATS, Redis, gateways and workers; nothing runs before `start`. */
export async function planFleet(options: FleetOptions): Promise<Fleet> {
  const addresses = await pickPorts(options.workers);
  const natsUrl = `nats://127.0.0.1:${addresses.nats}`;
  const redisUrl = `redis://127.0.0.1:${addresses.redis}`;
  const logs = new FleetLogs(options);
  // On one's own machine Ctrl-C should not wait for an open page: calls end after this, unless the environment says otherwise.
  const drainMs = Number(process.env['DRAIN_DEADLINE_MS'] ?? 2000);
  const env = { DRAIN_DEADLINE_MS: String(drainMs), ...options.env, NATS_URL: natsUrl, REDIS_URL: redisUrl };
  const servers = [serverPlan('nats', startNats, addresses.nats, logs), serverPlan('redis', startRedis, addresses.redis, logs)];
  const gatewayPorts = Array.from({ length: options.gateways }, (_, index) => options.port + index);
  const urlOf = (port: number): string => `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
  const gateways = gatewayPorts.map((port, index) =>
    nodePlan(`gateway-${index + 1}`, options.gatewayMain, { ...env, GATEWAY_ID: `gateway-${index + 1}`, PORT: String(port), ADMIN_PORT: '0' }, urlOf(port), logs));
  const workers = addresses.admin.map((port, index) =>
    nodePlan(`worker-${index + 1}`, options.workerMain, { ...env, ...workerEnv(index, port) }, `http://127.0.0.1:${port}`, logs));
  const group = new ChildGroup([servers, workers, gateways], options.say);
  const start = async (): Promise<void> => {
    await group.start();
    logs.release();
  };
  const stop = async (timeoutMs: number): Promise<void> => {
    await group.stop(timeoutMs);
    logs.close();
  };
  return { drainMs, natsUrl, redisUrl, gatewayUrls: gatewayPorts.map(urlOf), group, start, stop };
}

function workerEnv(index: number, port: number): Readonly<Record<string, string>> {
  return { WORKER_ID: `worker-${index + 1}`, ADMIN_HOST: '127.0.0.1', ADMIN_PORT: String(port) };
}

/** Distinct ports, fixed for the fleet's life, so that a child that is started again is found where it was. */
async function pickPorts(workers: number): Promise<Addresses> {
  const ports = new Set<number>();
  while (ports.size < workers + 2) ports.add(await freePort());
  const [nats = 0, redis = 0, ...admin] = ports;
  return { nats, redis, admin };
}

/** The log files of the children, and what of their lines reaches the terminal. */
class FleetLogs {
  readonly #folder: string;
  readonly #say: (text: string) => void;
  readonly #files = new Map<string, LogFile>();
  /** Lines for the terminal, held back while the fleet starts: a start that fails is one message, not many. */
  #held: string[] | undefined = [];

  constructor(options: FleetOptions) {
    this.#folder = options.logFolder;
    this.#say = options.say;
    mkdirSync(this.#folder, { recursive: true });
  }

  /** Where the lines of one child go; a server's stay in its file. */
  listener(name: string, onTerminal: boolean): (line: string) => void {
    const file = new LogFile(join(this.#folder, `${name}.log`));
    this.#files.set(name, file);
    return (line) => {
      file.write(line);
      const shown = onTerminal ? terminalLine(line) : undefined;
      if (shown !== undefined) this.#tell(`${name} | ${shown}`);
    };
  }

  /** The fleet is ready: what was held back is told, the rest as it comes. */
  release(): void {
    for (const line of this.#held ?? []) this.#say(line);
    this.#held = undefined;
  }

  #tell(line: string): void {
    if (this.#held === undefined) this.#say(line);
    else if (this.#held.length < MAX_HELD_LINES) this.#held.push(line);
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }
}

function serverPlan(name: string, start: (options: ServerOptions) => Promise<RunningServer>, port: number, logs: FleetLogs): ChildPlan {
  const onLine = logs.listener(name, false);
  return { name, start: (signal) => start({ name, port, onLine, signal }) };
}

function nodePlan(name: string, main: string, env: Readonly<Record<string, string>>, url: string, logs: FleetLogs): ChildPlan {
  const onLine = logs.listener(name, true);
  const readyUrl = `${url}/health/ready`;
  const args = [...TIER_FLAGS, main];
  return { name, start: (signal): Promise<RunningProcess> => startProcess({ name, command: process.execPath, args, env, readyUrl, onLine, signal }) };
}

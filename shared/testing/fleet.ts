import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TIER_FLAGS } from '../../deploy/local/node-flags.ts';
import { freePort } from '../../deploy/local/ports.ts';
import { startProcess, StartError, type ProcessExit, type RunningProcess } from '../../deploy/local/processes.ts';
import type { FleetServer } from './fleet-server.ts';
import { natsCluster, redisSentinel, singleNats, singleRedis, type ServerSet } from './fleet-servers.ts';

/** How often another free port is tried when the first was taken between asking and using it. */
const PORT_ATTEMPTS = 3;
/** Log lines kept of the whole fleet, to be printed when something does not start. */
const KEPT_LINES = 400;
/** A process that does not end in order within this time is killed. */
const STOP_TIMEOUT_MS = 10_000;

type Environment = Readonly<Record<string, string>>;

export interface FleetOptions {
  /** Default 1. */
  readonly gateways?: number;
  /** Default 1. */
  readonly workers?: number;
  /** One NATS (the default) or a cluster of three. */
  readonly nats?: 'single' | 'cluster';
  /** One Redis (the default) or a primary with a replica and three Sentinels. */
  readonly redis?: 'single' | 'sentinel';
  /** Hears every line that a member writes. */
  readonly onLine?: (memberId: string, line: string) => void;
  /** Environment of every gateway and worker, over the fleet's own. */
  readonly env?: Environment;
  readonly gatewayEnv?: Environment;
  readonly workerEnv?: Environment;
}

/** A running gateway or worker process. */
export interface FleetMember {
  /** Its GATEWAY_ID or WORKER_ID. */
  readonly id: string;
  readonly pid: number;
  /** The last lines it wrote, oldest first. */
  readonly logs: readonly string[];
  /** Resolves when it is gone. */
  readonly exited: Promise<ProcessExit>;
  /** Sends a signal; resolves once it was sent, for SIGKILL once the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** SIGTERM, SIGKILL ten seconds later, a frozen one too; resolves when it is gone. */
  stop(): Promise<ProcessExit>;
}

/** `url` is `http://127.0.0.1:port`. */
export interface FleetGateway extends FleetMember {
  readonly url: string;
}

/** `adminUrl` is where its health and metrics are: `http://127.0.0.1:port`. */
export interface FleetWorker extends FleetMember {
  readonly adminUrl: string;
}

/** Real processes of the compiled gateway and worker, with a NATS and a Redis of their own. */
export interface Fleet {
  readonly natsUrl: string;
  readonly redisUrl: string;
  /** Like the workers, in the order they were started, later ones and those that are gone included. */
  readonly gateways: readonly FleetGateway[];
  readonly workers: readonly FleetWorker[];
  readonly gatewayUrls: readonly string[];
  /** One, or the nodes of a cluster. */
  readonly natsServers: readonly FleetServer[];
  /** One, or two of which the Sentinels make one the primary. */
  readonly redisServers: readonly FleetServer[];
  readonly sentinels: readonly FleetServer[];
  /** Starts another gateway and waits until it is ready. `build`: a folder with another compiled version of the product. */
  addGateway(env?: Environment, build?: string): Promise<FleetGateway>;
  /** Starts another worker and waits until it is ready; likewise. */
  addWorker(env?: Environment, build?: string): Promise<FleetWorker>;
  /** Ends everything, in order: gateways, workers, servers. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts a fleet on free ports and resolves when every member's `/health/ready` answers 200. Throws StartError where one
 * does not start; the fleet's last log lines are printed then and nothing is left running.
 */
export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const fleet = new ProcessFleet(options);
  try {
    await fleet.start();
  } catch (error) {
    fleet.printLogs();
    await fleet.stop();
    throw error;
  }
  return fleet;
}

class ProcessFleet implements Fleet {
  natsUrl = '';
  redisUrl = '';
  natsServers: readonly FleetServer[] = [];
  redisServers: readonly FleetServer[] = [];
  sentinels: readonly FleetServer[] = [];
  readonly gateways: FleetGateway[] = [];
  readonly workers: FleetWorker[] = [];
  readonly #options: FleetOptions;
  readonly #lines: string[] = [];
  #gatewaysStarted = 0;
  #workersStarted = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get gatewayUrls(): readonly string[] {
    return this.gateways.map(({ url }) => url);
  }

  async start(): Promise<void> {
    const { gateways = 1, workers = 1 } = this.#options;
    await allDone([this.#startNats(), this.#startRedis()]);
    await allDone(Array.from({ length: workers }, () => this.addWorker()));
    await allDone(Array.from({ length: gateways }, () => this.addGateway()));
    this.workers.sort(byId);
    this.gateways.sort(byId);
  }

  async addWorker(env: Environment = {}, build?: string): Promise<FleetWorker> {
    this.#workersStarted += 1;
    const id = `worker-${this.#workersStarted}`;
    const { process, url } = await this.#launch('worker', id, (port) => ({
      ...this.#options.workerEnv, ...env, WORKER_ID: id, ADMIN_PORT: String(port),
    }), build);
    const worker = { ...member(id, process), adminUrl: url };
    this.workers.push(worker);
    return worker;
  }

  async addGateway(env: Environment = {}, build?: string): Promise<FleetGateway> {
    this.#gatewaysStarted += 1;
    const id = `gateway-${this.#gatewaysStarted}`;
    const { process, url } = await this.#launch('gateway', id, (port) => ({
      ...this.#options.gatewayEnv, ...env, GATEWAY_ID: id, PORT: String(port),
    }), build);
    const gateway = { ...member(id, process), url };
    this.gateways.push(gateway);
    return gateway;
  }

  async stop(): Promise<void> {
    const servers = [...this.sentinels, ...this.natsServers, ...this.redisServers];
    for (const stage of [this.gateways, this.workers, servers]) await allDone(stage.map((process) => process.stop()));
  }

  printLogs(): void {
    process.stderr.write(`the fleet did not start; its last lines:\n${this.#lines.join('\n')}\n`);
  }

  async #startNats(): Promise<void> {
    const set = await this.#startServers(this.#options.nats === 'cluster' ? natsCluster : singleNats);
    this.natsUrl = set.url;
    this.natsServers = set.servers;
  }

  async #startRedis(): Promise<void> {
    const set = await this.#startServers(this.#options.redis === 'sentinel' ? redisSentinel : singleRedis);
    this.redisUrl = set.url;
    this.redisServers = set.servers;
    this.sentinels = set.sentinels;
  }

  #startServers(start: (onLine: (line: string) => void) => Promise<ServerSet>): Promise<ServerSet> {
    return start((line) => this.#note('server', line));
  }

  async #launch(tier: 'gateway' | 'worker', id: string, envAt: (port: number) => Environment, build?: string): Promise<{ process: RunningProcess; url: string }> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const env = { NATS_URL: this.natsUrl, REDIS_URL: this.redisUrl, LOG_LEVEL: 'warn', ...this.#options.env, ...envAt(port) };
      try {
        const args = [...TIER_FLAGS, build === undefined ? mainOf(tier) : join(build, tier, 'main.js')];
        const onLine = (line: string): void => this.#note(id, line);
        return { process: await startProcess({ name: id, command: process.execPath, args, env, readyUrl: `${url}/health/ready`, onLine }), url };
      } catch (error) {
        const taken = error instanceof StartError && /in use|taken|busy/i.test(error.message);
        if (!taken || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  #note(id: string, line: string): void {
    this.#options.onLine?.(id, line);
    this.#lines.push(`${id}: ${line}`);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }
}

/** The entry of a tier, compiled beside this module. */
function mainOf(tier: 'gateway' | 'worker'): string {
  return fileURLToPath(new URL(`../../${tier}/main.js`, import.meta.url));
}

function member(id: string, process: RunningProcess): FleetMember {
  const { pid, logs, exited } = process;
  const stop = async (): Promise<ProcessExit> => {
    await process.kill('SIGCONT');
    return process.stop(STOP_TIMEOUT_MS);
  };
  return { id, pid, logs, exited, kill: (signal) => process.kill(signal), stop };
}

function byId(one: FleetMember, other: FleetMember): number {
  return one.id.localeCompare(other.id, 'en', { numeric: true });
}

/** Waits for all, also when one fails: what was started late must be known to be stopped. Throws the first failure. */
async function allDone(promises: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(promises);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

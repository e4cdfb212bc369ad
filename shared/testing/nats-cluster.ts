import { randomUUID } from 'node:crypto';
import { createConnection } from 'node:net';
import { freePort } from '../../deploy/local/ports.ts';
import { startProcess, StartError, type RunningProcess } from '../../deploy/local/processes.ts';

/** How often other free ports are tried when one was taken between asking and using it. */
const PORT_ATTEMPTS = 3;
const READY_TIMEOUT_MS = 15_000;
const PROBE_TIMEOUT_MS = 1000;

/** One server of a cluster. */
export interface NatsNode {
  /** `nats://127.0.0.1:port`, the same after `start`. */
  readonly url: string;
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  /** Sends a signal; resolves once it was sent, for SIGKILL once the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts a node that is gone again where it was; resolves when it has found the others. */
  start(): Promise<void>;
}

/** NATS servers that form one cluster. */
export interface NatsCluster {
  readonly urls: readonly string[];
  /** All addresses, separated by commas, as NATS_URL takes them. */
  readonly url: string;
  readonly nodes: readonly NatsNode[];
  stop(): Promise<void>;
}

/** Starts a cluster of `size` servers on free ports of 127.0.0.1; resolves when each knows all others. Throws StartError. */
export async function startNatsCluster(size = 3): Promise<NatsCluster> {
  for (let attempt = 1; ; attempt += 1) {
    const ports = await Promise.all(Array.from({ length: 2 * size }, freePort));
    const nodes = Array.from({ length: size }, (_, index) => new Node(ports.slice(0, size), ports.slice(size), index));
    const started = await Promise.allSettled(nodes.map((node) => node.start()));
    const failed = started.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return clusterOf(nodes);
    await Promise.all(nodes.map((node) => node.stop()));
    const reason: unknown = failed.reason;
    const isTaken = reason instanceof StartError && /address already in use/i.test(reason.message);
    if (!isTaken || attempt === PORT_ATTEMPTS) throw reason;
  }
}

function clusterOf(nodes: readonly Node[]): NatsCluster {
  const urls = nodes.map(({ url }) => url);
  return {
    urls, nodes, url: urls.join(','),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

class Node implements NatsNode {
  readonly url: string;
  readonly #ports: readonly number[];
  readonly #port: number;
  readonly #args: readonly string[];
  readonly #name: string;
  #process: RunningProcess | undefined;

  constructor(ports: readonly number[], routePorts: readonly number[], index: number) {
    this.#ports = ports;
    this.#port = ports[index] ?? 0;
    this.#name = `voxfleet-${randomUUID()}`;
    this.url = `nats://127.0.0.1:${this.#port}`;
    const [own, ...others] = [...routePorts.slice(index), ...routePorts.slice(0, index)].map((port) => `nats://127.0.0.1:${port}`);
    this.#args = [
      '--addr', '127.0.0.1', '--port', String(this.#port), '--name', this.#name,
      '--cluster', String(own), '--cluster_name', `voxfleet-${routePorts.join('-')}`, '--routes', others.join(','),
    ];
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  async start(): Promise<void> {
    this.#process = await startProcess({
      name: `nats-${this.#port}`, command: 'nats-server', args: this.#args, readyTimeoutMs: READY_TIMEOUT_MS,
      isReady: async () => knowsAll(await greeting(this.#port), this.#name, this.#ports.length),
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.kill(signal);
  }

  async stop(): Promise<void> {
    // One that stands still would not hear a milder signal.
    await this.#process?.kill('SIGKILL');
  }
}

/** Whether a server's greeting is that of the node of this name and names all of the cluster's addresses. */
function knowsAll(greeting: string, name: string, size: number): boolean {
  if (!greeting.includes(`"server_name":"${name}"`)) return false;
  const urls = /"connect_urls":\[([^\]]*)\]/.exec(greeting)?.[1] ?? '';
  return urls.split(',').filter((url) => url !== '').length >= size;
}

/** The first that a server on this port says; empty where none answers. */
function greeting(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: PROBE_TIMEOUT_MS });
    const settle = (text: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setEncoding('utf8').once('data', (text: string) => settle(text));
    socket.once('timeout', () => settle('')).once('error', () => settle('')).once('close', () => settle(''));
  });
}

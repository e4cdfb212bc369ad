import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startProcess } from '../../shared/testing/servers.ts';

/** Places for gateways: more than there ever are at once. */
const PLACES = 24;
const COMMAND_TIMEOUT_MS = 5000;

/**
 * What HAProxy is told. Gateways come and go by its admin socket, into places that are there from the start.
 * - leastconn: calls last for minutes, so it counts who is there, not who comes.
 * - the check speaks HTTP/1.1 with a Host, because gateways refuse HTTP/1.0; one missed check sends nobody new there.
 * - `timeout tunnel` is how long a call may be silent: clients ping far more often.
 * - only what never reached a gateway is tried at another one: nothing is asked twice.
 */
export function haproxyConfig(port: number, socketPath: string): string {
  return `global
  maxconn 4000
  stats socket ${socketPath} mode 600 level admin
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  retries 3
  retry-on conn-failure
  option redispatch 1
frontend callers
  bind 127.0.0.1:${port}
  monitor-uri /balancer-health
  default_backend gateways
backend gateways
  balance leastconn
  option httpchk
  http-check send meth GET uri /health/ready ver HTTP/1.1 hdr Host voxfleet
  http-check expect status 200
  default-server check inter 1s fastinter 250ms fall 2 rise 1 on-marked-down shutdown-sessions
  server-template place 1-${PLACES} 127.0.0.1:1 disabled
`;
}

/** A real HAProxy before a fleet's gateways. */
export class Haproxy {
  readonly url: string;
  readonly #socketPath: string;
  readonly #stop: () => Promise<void>;
  /** Gateways by the place they have. */
  readonly #places = new Map<string, string>();

  /** Use `Haproxy.start`. */
  constructor(url: string, socketPath: string, stop: () => Promise<void>) {
    this.url = url;
    this.#socketPath = socketPath;
    this.#stop = stop;
  }

  /** Starts `haproxy` from the PATH on a free port, without gateways. Throws StartError. */
  static async start(): Promise<Haproxy> {
    const folder = mkdtempSync(join(tmpdir(), 'voxfleet-haproxy-'));
    const socketPath = join(folder, 'admin.sock');
    const port = await freePort();
    writeFileSync(join(folder, 'haproxy.cfg'), haproxyConfig(port, socketPath));
    try {
      const running = await startProcess({ name: 'haproxy', command: 'haproxy', args: ['-db', '-f', join(folder, 'haproxy.cfg')], readyUrl: `http://127.0.0.1:${port}/balancer-health` });
      return new Haproxy(`http://127.0.0.1:${port}`, socketPath, async () => {
        await running.stop();
        rmSync(folder, { recursive: true, force: true });
      });
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** New callers may go there from now on. */
  async add(gatewayId: string, gatewayUrl: string): Promise<void> {
    const place = Array.from({ length: PLACES }, (_, at) => `place${at + 1}`).find((name) => !this.#places.has(name));
    if (place === undefined) throw new Error(`there are no more than ${PLACES} places for gateways`);
    this.#places.set(place, gatewayId);
    await this.#tell(`set server gateways/${place} addr 127.0.0.1 port ${new URL(gatewayUrl).port}`);
    await this.#tell(`set server gateways/${place} state ready`);
  }

  /** No new callers go there; those who are there stay. */
  async drain(gatewayId: string): Promise<void> {
    const place = this.#placeOf(gatewayId);
    if (place !== undefined) await this.#tell(`set server gateways/${place} state drain`);
  }

  /** The gateway is gone: its place is free. */
  async remove(gatewayId: string): Promise<void> {
    const place = this.#placeOf(gatewayId);
    if (place === undefined) return;
    await this.#tell(`set server gateways/${place} state maint`);
    this.#places.delete(place);
  }

  /** Which gateway each connection leads to, by the port at which it comes from the caller. */
  async connections(): Promise<ReadonlyMap<number, string>> {
    const lines = (await this.#tell('show sess')).split('\n');
    return new Map(lines.flatMap((line): [number, string][] => {
      const [, port, place] = /src=127\.0\.0\.1:(\d+) .*srv=(place\d+)/.exec(line) ?? [];
      const gatewayId = place === undefined ? undefined : this.#places.get(place);
      return port === undefined || gatewayId === undefined ? [] : [[Number(port), gatewayId]];
    }));
  }

  async stop(): Promise<void> {
    await this.#stop();
  }

  #placeOf(gatewayId: string): string | undefined {
    return [...this.#places].find(([, id]) => id === gatewayId)?.[0];
  }

  /** Says one thing on the admin socket; what it answers to a change is a complaint. */
  async #tell(command: string): Promise<string> {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(this.#socketPath);
      let said = '';
      socket.setTimeout(COMMAND_TIMEOUT_MS, () => socket.destroy(new Error(`HAProxy does not answer "${command}"`)));
      socket.setEncoding('utf8').on('data', (text: string) => (said += text)).once('error', reject).once('end', () => resolve(said));
      socket.end(`${command}\n`);
    });
    const isComplaint = command.startsWith('set ') && !/^(?:IP changed|no need to change|port changed|nothing changed|\s*$)/im.test(answer.trim()) && answer.trim() !== '';
    if (isComplaint) throw new Error(`HAProxy answers "${command}" with: ${answer.trim()}`);
    return answer;
  }
}

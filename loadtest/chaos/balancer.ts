import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A connection that was silenced is ended for good after this long, if nobody did before. */
const SILENCED_FOR_MS = 30_000;
const CONNECT_TIMEOUT_MS = 1000;

/** What is between callers and gateways: gives each new connection a live gateway, the one with the fewest. */
export class Balancer {
  readonly #lines: CallerLine[] = [];
  #gateways: readonly string[] = [];

  /** New connections go to these (`http://host:port`); standing ones stay where they are. */
  set gateways(urls: readonly string[]) {
    this.#gateways = urls;
  }

  /** A caller's own way to the fleet. */
  async openLine(): Promise<CallerLine> {
    const line = new CallerLine(() => this.#inOrder());
    await line.listen();
    this.#lines.push(line);
    return line;
  }

  close(): void {
    for (const line of this.#lines) line.close();
  }

  /** Gateways, the one with the fewest connections first. */
  #inOrder(): string[] {
    const load = (url: string): number => this.#lines.filter((line) => line.gateway === url).length;
    return this.#gateways.map((url) => ({ url, connections: load(url) })).sort((one, other) => one.connections - other.connections).map(({ url }) => url);
  }
}

/** Two sockets with bytes going between them. */
interface Link {
  readonly near: Socket;
  readonly far: Socket;
  readonly gateway: string;
  state: 'open' | 'silent';
}

/** One caller's network: a port whose connections can be cut, silenced and slowed down. */
export class CallerLine {
  readonly #server: Server;
  readonly #gateways: () => readonly string[];
  readonly #links = new Set<Link>();

  constructor(gateways: () => readonly string[]) {
    this.#gateways = gateways;
    this.#server = createServer({ noDelay: true }, (near) => {
      near.on('error', () => near.destroy());
      void this.#link(near, [...this.#gateways()]);
    });
  }

  /** `http://host:port`, to be used as if it were a gateway's. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The gateway of the newest connection that works. */
  get gateway(): string | undefined {
    return [...this.#links].findLast(({ state }) => state === 'open')?.gateway;
  }

  /** The port from which the newest connection that works goes on to a gateway. */
  get farPort(): number | undefined {
    return [...this.#links].findLast(({ state }) => state === 'open')?.far.localPort;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  /** Resets every connection. */
  cut(): void {
    for (const { near, far } of this.#links) {
      reset(near);
      reset(far);
    }
  }

  /** No byte comes through any more in either direction, and nobody is told. Later connections are not touched. */
  silence(): void {
    for (const link of this.#links) {
      link.state = 'silent';
      setTimeout(() => end(link), SILENCED_FOR_MS).unref();
    }
  }

  /** The caller reads nothing until `readOn`: what the agent says piles up on its way. */
  stopReading(): void {
    for (const { far } of this.#links) far.pause();
  }

  readOn(): void {
    for (const { far } of this.#links) far.resume();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  /** Tries one gateway after the other: one that is gone refuses. */
  async #link(near: Socket, gateways: readonly string[]): Promise<void> {
    for (const gateway of gateways) {
      const far = await reach(gateway);
      if (far === undefined) continue;
      this.#join({ near, far, gateway, state: 'open' });
      return;
    }
    near.destroy();
  }

  #join(link: Link): void {
    const { near, far } = link;
    this.#links.add(link);
    forward(link, near, far);
    forward(link, far, near);
    for (const socket of [near, far]) {
      socket.on('close', () => {
        if (link.state === 'silent' && !near.destroyed) return;
        this.#links.delete(link);
        end(link);
      });
    }
    if (near.destroyed) end(link);
  }
}

function forward(link: Link, from: Socket, to: Socket): void {
  from.on('data', (bytes: Buffer) => {
    if (link.state === 'silent' || to.destroyed) return;
    if (!to.write(bytes)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  });
  from.on('end', () => {
    if (link.state === 'open') to.end();
  });
}

/**
 * Breaks a connection off with a reset. A socket that is just saying goodbye cannot be reset: Node gets EINVAL for it, never
 * closes it, and spins for ever when the process is to end (Node 20, `Environment::CleanupHandles`). Its end comes at once as well.
 */
export function reset(socket: Socket): void {
  const isSayingGoodbye = socket.writableEnded && !socket.writableFinished;
  if (isSayingGoodbye) socket.destroy();
  else socket.resetAndDestroy();
}

/** A process that was killed leaves no goodbye: its callers' connections break as they would without anything in between. */
function end({ near, far }: Link): void {
  near.destroy();
  far.destroy();
}

function reach(gateway: string): Promise<Socket | undefined> {
  const { hostname, port } = new URL(gateway);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, timeout: CONNECT_TIMEOUT_MS });
    const fail = (): void => {
      socket.destroy();
      resolve(undefined);
    };
    socket.once('error', fail).once('timeout', fail);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('timeout', fail);
      // Errors from here on end the connection by their `close`.
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}

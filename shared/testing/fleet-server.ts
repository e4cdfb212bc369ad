import type { RunningServer } from '../../deploy/local/servers.ts';

/** How a server is started: on this port, or on a free one. */
type Start = (port: number | undefined) => Promise<RunningServer>;

/** One NATS, Redis or Sentinel process of a fleet, which can be taken away and come back where it was. */
export class FleetServer {
  readonly name: string;
  readonly #start: Start;
  #running: RunningServer;

  /** Use `FleetServer.start`. */
  constructor(name: string, start: Start, running: RunningServer) {
    this.name = name;
    this.#start = start;
    this.#running = running;
  }

  /** Starts a server on a free port. Throws StartError. */
  static async start(name: string, start: Start): Promise<FleetServer> {
    return new FleetServer(name, start, await start(undefined));
  }

  get url(): string {
    return this.#running.url;
  }

  get port(): number {
    return this.#running.port;
  }

  get pid(): number {
    return this.#running.pid;
  }

  /** `kill -9`; resolves when it is gone. What it had in memory is lost. */
  async kill(): Promise<void> {
    await this.#running.kill('SIGKILL');
  }

  /** It answers nothing and loses nothing until `resume`: its host is frozen. */
  async pause(): Promise<void> {
    await this.#running.kill('SIGSTOP');
  }

  async resume(): Promise<void> {
    await this.#running.kill('SIGCONT');
  }

  /** After `kill`: starts it again on its port and resolves when it is ready. Throws StartError. */
  async restart(): Promise<void> {
    this.#running = await this.#start(this.port);
  }

  /** Ends it, a paused one too; resolves when it is gone. */
  async stop(): Promise<void> {
    await this.resume();
    await this.#running.stop();
  }
}

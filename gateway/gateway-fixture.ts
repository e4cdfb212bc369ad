import { once, EventEmitter } from 'node:events';
import type { TestContext } from 'node:test';
import type { Bus } from '../shared/bus/bus.ts';
import { connectBus } from '../shared/bus/nats-bus.ts';
import { createLog, type Logger } from '../shared/runtime/log.ts';
import { connectRedis } from '../shared/session/redis.ts';
import { SessionStore } from '../shared/session/store.ts';
import { startNats, startRedis } from '../shared/testing/servers.ts';
import { loadGatewayConfig } from './config.ts';
import { startGateway, type RunningGateway } from './gateway.ts';

/** Says nothing: what a test expects it asks for. */
export const SILENT: Logger = createLog({ tier: 'test', id: 'gateway', level: 'silent' });

export const TIMES = { leaseMs: 60_000, ttlMs: 60_000, retentionMs: 60_000 };

/** A slow machine is waited for, also where it serves others: what never comes is found out by this. */
const PATIENCE_MS = 30_000;

/** A NATS and a Redis of the test's own, with a store and a bus to speak to them. */
export interface Ground {
  readonly nats: Awaited<ReturnType<typeof startNats>>;
  readonly redis: Awaited<ReturnType<typeof startRedis>>;
  readonly store: SessionStore;
  connect(name: string): Promise<Bus>;
  stop(): Promise<void>;
}

/** Starts the servers a gateway stands on. */
export async function startGround(): Promise<Ground> {
  const [nats, redis] = await Promise.all([startNats(), startRedis()]);
  const client = await connectRedis(redis.url, SILENT);
  const buses: Bus[] = [];
  return {
    nats,
    redis,
    store: new SessionStore(client, TIMES),
    connect: async (name) => {
      const bus = await connectBus({ url: nats.url, name, log: SILENT });
      buses.push(bus);
      return bus;
    },
    stop: async () => {
      await Promise.all(buses.map((bus) => bus.close()));
      client.disconnect();
      await Promise.all([nats.stop(), redis.stop()]);
    },
  };
}

/** A gateway in this process on a free port. */
export class Rig {
  readonly gateway: RunningGateway;
  readonly #stopped: Promise<void>[] = [];

  private constructor(gateway: RunningGateway) {
    this.gateway = gateway;
  }

  /** Starts one that ends with the test, its callers cut off. */
  static async start(context: TestContext, ground: Ground, env: NodeJS.ProcessEnv = {}): Promise<Rig> {
    const defaults = { PORT: '0', NATS_URL: ground.nats.url, REDIS_URL: ground.redis.url, DRAIN_DEADLINE_MS: '0', LOG_LEVEL: 'silent' };
    const rig = new Rig(await startGateway(loadGatewayConfig({ ...defaults, ...env }), SILENT));
    context.after(() => rig.stop());
    return rig;
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.gateway.port}`;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.gateway.port}`;
  }

  /** Drains and stops; a second call waits for the first. */
  async stop(): Promise<void> {
    if (this.#stopped.length === 0) this.#stopped.push(this.gateway.stop());
    await Promise.all(this.#stopped);
  }

  /** Asks the HTTP interface; a body that is no string is sent as JSON. */
  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Asked> {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const response = await fetch(`${this.httpUrl}${path}`, { method, headers, ...sent });
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json' && text !== '';
    return { status: response.status, headers: response.headers, text, json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} };
  }

  /** Creates a session and answers its id and token. */
  async createSession(body: object = {}, headers: Record<string, string> = {}): Promise<{ id: string; token: string }> {
    const { status, json, text } = await this.ask('POST', '/sessions', body, headers);
    if (status !== 201) throw new Error(`no session was created: ${text}`);
    return { id: String(json['session_id']), token: String(json['token']) };
  }
}

export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** The error code in a JSON answer. */
export function codeOf({ json }: Asked): unknown {
  const error = json['error'];
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** Things that arrive one by one, to be waited for. */
export class Arrivals<T> {
  readonly all: T[] = [];
  readonly #events = new EventEmitter();

  push(thing: T): void {
    this.all.push(thing);
    this.#events.emit('arrival');
  }

  /** Resolves with the first thing that fits, now or later; rejects when nothing at all comes for half a minute. */
  async find(fits: (thing: T) => boolean): Promise<T> {
    for (;;) {
      const found = this.all.find(fits);
      if (found !== undefined) return found;
      await this.#next();
    }
  }

  /** Resolves with the first `count` things. */
  async first(count: number): Promise<readonly T[]> {
    while (this.all.length < count) await this.#next();
    return this.all.slice(0, count);
  }

  async #next(): Promise<void> {
    try {
      await once(this.#events, 'arrival', { signal: AbortSignal.timeout(PATIENCE_MS) });
    } catch (error) {
      throw new Error(`nothing more arrived after ${this.all.length}: ${JSON.stringify(this.all.slice(-3))}`, { cause: error });
    }
  }
}

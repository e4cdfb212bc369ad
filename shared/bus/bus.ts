import { setTimeout as sleep } from 'node:timers/promises';
import { connect, Events, NatsError, type Msg, type NatsConnection, type Subscription } from 'nats';
import type { Logger } from '../runtime/log.ts';

/** How long the end of a connection waits for what is still to be sent. */
const DRAIN_TIMEOUT_MS = 2000;

/** Why a request got no answer. */
export type BusFailure = 'no_responders' | 'timeout' | 'disconnected';

/** A request that got no answer. */
export class BusError extends Error {
  override readonly name = 'BusError';
  readonly failure: BusFailure;

  constructor(failure: BusFailure, subject: string, options?: ErrorOptions) {
    super(`no answer on ${subject}: ${failure}`, options);
    this.failure = failure;
  }
}

/** One message as it arrived. `data` may be kept. */
export interface BusMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** True for the server's own word that nobody listens where a message was sent; `data` is empty then. */
  readonly noResponders: boolean;
  /** Answers a request; does nothing where none was asked for or the bus was closed meanwhile. */
  respond(data: Uint8Array): void;
}

/** Stands until `stop`. */
export interface BusSubscription {
  stop(): void;
}

/** The bus, without its client: at most once, no persistence, one order per publisher and subject. */
export interface Bus {
  readonly connected: boolean;
  /**
   * Sends now or not at all: false while disconnected, so that nothing piles up in the client, and for more bytes than the
   * server takes (1 MiB unless configured otherwise), which is logged. `data` passes to the bus.
   */
  publish(subject: string, data: Uint8Array, replyTo?: string): boolean;
  /** Calls back for each message, in order. An exception in `onMessage` is logged, not thrown. */
  subscribe(subject: string, onMessage: (message: BusMessage) => void, queue?: string): BusSubscription;
  /** One answer, or a BusError within `timeoutMs`. */
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** Calls back when the connection is lost and regained. */
  onConnection(listener: (connected: boolean) => void): void;
  /** Sends what is waiting and closes; whatever comes later is as if disconnected. */
  close(): Promise<void>;
}

export interface BusOptions {
  /** One or more server addresses, comma separated. */
  readonly url: string;
  readonly name: string;
  readonly log: Logger;
}

/**
 * Connects to NATS. Reconnects without end, first after 250 ms and then with up to 1 s of jitter, so that a fleet does not
 * return as a herd; pings every 5 s and gives a silent server up after two. Throws where no server answers at first.
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const connection = await connect({
    servers: options.url.split(',').map((server) => server.trim()),
    name: options.name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 1000,
    pingInterval: 5000,
    maxPingOut: 2,
    timeout: 5000,
  });
  return new NatsBus(connection, options.log);
}

class NatsBus implements Bus {
  readonly #connection: NatsConnection;
  readonly #log: Logger;
  readonly #listeners: ((connected: boolean) => void)[] = [];
  #connected = true;

  constructor(connection: NatsConnection, log: Logger) {
    this.#connection = connection;
    this.#log = log;
    void this.#watch().catch((error: unknown) => {
      this.#log.error({ err: error }, 'watching the bus connection failed');
    });
  }

  get connected(): boolean {
    return this.#connected;
  }

  publish(subject: string, data: Uint8Array, replyTo?: string): boolean {
    if (!this.#connected) return false;
    try {
      this.#connection.publish(subject, data, replyTo === undefined ? undefined : { reply: replyTo });
      return true;
    } catch (error) {
      this.#log.error({ err: error, subject, bytes: data.length }, 'the bus refused a message');
      return false;
    }
  }

  subscribe(subject: string, onMessage: (message: BusMessage) => void, queue?: string): BusSubscription {
    const subscription: Subscription = this.#connection.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error !== null) return this.#log.error({ err: error, subject }, 'a bus subscription failed');
        try {
          onMessage({
            subject: message.subject,
            data: message.data,
            noResponders: message.data.length === 0 && message.headers?.code === 503,
            respond: (data) => this.#respond(message, data),
          });
        } catch (thrown) {
          this.#log.error({ err: thrown, subject }, 'a bus message could not be handled');
        }
      },
    });
    return { stop: () => subscription.unsubscribe() };
  }

  async request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (!this.#connected) throw new BusError('disconnected', subject);
    try {
      const answer = await this.#connection.request(subject, data, { timeout: timeoutMs });
      return answer.data;
    } catch (error) {
      throw new BusError(failureOf(error), subject, { cause: error });
    }
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    const wasConnected = this.#connected;
    this.#connected = false;
    if (this.#connection.isClosed() || this.#connection.isDraining()) return;
    if (wasConnected) await this.#drain();
    // Also after draining: where the server went away meanwhile, the client would go on trying to reach it for ever.
    await this.#connection.close();
  }

  async #drain(): Promise<void> {
    try {
      await Promise.race([this.#connection.drain(), sleep(DRAIN_TIMEOUT_MS, undefined, { ref: false })]);
    } catch (error) {
      if (!(error instanceof NatsError)) throw error;
      this.#log.warn({ err: error }, 'the bus went away while what was waiting was sent');
    }
  }

  #respond(message: Msg, data: Uint8Array): void {
    try {
      message.respond(data);
    } catch (error) {
      if (!(error instanceof NatsError)) throw error;
      // Closed while the answer was made; who asked meets a timeout, as with any answer that gets lost.
      this.#log.warn({ err: error, subject: message.subject }, 'an answer came too late to be sent');
    }
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === Events.Disconnect) this.#enter(false);
      else if (status.type === Events.Reconnect) this.#enter(true);
    }
  }

  #enter(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#log.warn({ connected }, 'the bus connection changed');
    for (const listener of this.#listeners) listener(connected);
  }
}

function failureOf(error: unknown): BusFailure {
  if (!(error instanceof NatsError)) return 'disconnected';
  if (error.code === '503') return 'no_responders';
  return error.code === 'TIMEOUT' ? 'timeout' : 'disconnected';
}

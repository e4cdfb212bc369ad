import { setTimeout as sleep } from 'node:timers/promises';
import { connect, createInbox, Events, NatsError, type Msg, type NatsConnection, type Subscription } from 'nats';
import { NatsConnectionImpl } from 'nats/lib/nats-base-client/nats.js';
import { nowMs } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { BusError, type Bus, type BusFailure, type BusMessage, type BusSubscription } from './bus.ts';
import { natsAddress } from './nats-address.ts';
import { pauseMs } from './reconnection.ts';
import { SilenceWatch } from './silence-watch.ts';

/** How long the end of a connection waits for what is still to be sent. */
const DRAIN_TIMEOUT_MS = 2000;
/** The client has a watch of its own, which takes a busy connection for a dead one: it is never to bark first. */
const CLIENT_PING_INTERVAL_MS = 3_600_000;
/** For connection and handshake: a frozen server takes connections and says nothing. */
const DIAL_TIMEOUT_MS = 3000;
/** Bytes published after which the server is asked whether it has taken them. */
const CONFIRM_EVERY_BYTES = 1_048_576;
/** Published and not confirmed by the server: beyond this nothing more is taken, so that a slow or silent server costs no more memory. */
const MOST_UNCONFIRMED_BYTES = 33_554_432;

export interface BusOptions {
  /** One or more server addresses, comma separated. */
  readonly url: string;
  readonly name: string;
  readonly log: Logger;
}

/**
 * Connects to NATS. What was chosen for losing it:
 * - reconnects without end; to another node of a cluster at once, to servers that refuse with growing jittered pauses (see
 *   `pauseMs`). Nodes beyond the given addresses are learned from the cluster itself.
 * - pings every second and leaves a server from which nothing at all came for two to three seconds, whatever is still to be sent to it.
 * - three seconds for a connection and its handshake, so that a frozen node does not hold up the way to the next.
 * - nothing is buffered while disconnected, and no more than 32 MiB while the server is slow (see `publish`).
 * Throws where no server answers at first.
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const outage: Outage = { sinceMs: undefined };
  const connection = await connect({
    ...natsAddress(options.url),
    name: options.name,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => pauseMs(outage.sinceMs === undefined ? 0 : nowMs() - outage.sinceMs, Math.random()),
    pingInterval: CLIENT_PING_INTERVAL_MS,
    timeout: DIAL_TIMEOUT_MS,
  });
  return new NatsBus(connection, options.log, outage);
}

/** Since when the connection is lost, if it is. */
interface Outage {
  sinceMs: number | undefined;
}

class NatsBus implements Bus {
  readonly #connection: NatsConnection;
  readonly #log: Logger;
  readonly #listeners: ((connected: boolean) => void)[] = [];
  readonly #outage: Outage;
  /** Requests under way: what ends each of them when the connection is lost. */
  readonly #asking = new Set<() => void>();
  #connected = true;
  readonly #silence: SilenceWatch;
  #unconfirmedBytes = 0;
  #isConfirming = false;

  constructor(connection: NatsConnection, log: Logger, outage: Outage) {
    this.#connection = connection;
    this.#log = log;
    this.#outage = outage;
    void this.#watch().catch((error: unknown) => {
      this.#log.error({ err: error }, 'watching the bus connection failed');
    });
    this.#silence = new SilenceWatch({
      isConnected: () => this.#connected, heard: () => connection.stats().inBytes, ping: () => this.#answered(), onSilent: () => this.#cut(),
      onCrash: (error) => log.error({ err: error }, 'watching the bus connection failed'),
    });
  }

  get connected(): boolean {
    return this.#connected;
  }

  publish(subject: string, data: Uint8Array, replyTo?: string): boolean {
    if (!this.#connected || this.#unconfirmedBytes + data.length > MOST_UNCONFIRMED_BYTES) return false;
    try {
      this.#connection.publish(subject, data, replyTo === undefined ? undefined : { reply: replyTo });
      this.#count(data.length);
      return true;
    } catch (error) {
      this.#log.error({ err: error, subject, bytes: data.length }, 'the bus refused a message');
      return false;
    }
  }

  hasSentAll(): boolean {
    return this.#connection instanceof NatsConnectionImpl && this.#connection.protocol.outbound.length() === 0;
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
    const { promise, reject } = rejectable();
    const onLost = (): void => reject(new BusError('disconnected', subject));
    this.#asking.add(onLost);
    try {
      // The client would wait for an answer until the timeout, whatever became of the connection.
      const answer = await Promise.race([this.#connection.request(subject, data, { timeout: timeoutMs }), promise]);
      return answer.data;
    } catch (error) {
      if (error instanceof BusError) throw error;
      throw new BusError(failureOf(error), subject, { cause: error });
    } finally {
      this.#asking.delete(onLost);
    }
  }

  async hasListener(subject: string, data: Uint8Array): Promise<boolean> {
    if (!this.#connected) throw new BusError('disconnected', subject);
    const reply = createInbox();
    let isHeard = true;
    const subscription = this.#connection.subscribe(reply, {
      callback: (_error, message) => {
        if (message.headers?.code === 503) isHeard = false;
      },
    });
    try {
      this.#connection.publish(subject, data, { reply });
      // The server's word that nobody listens comes before its answer to what was sent after.
      await this.#connection.flush();
      return isHeard;
    } catch (error) {
      throw new BusError('disconnected', subject, { cause: error });
    } finally {
      subscription.unsubscribe();
    }
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    const wasConnected = this.#connected;
    this.#connected = false;
    this.#silence.stop();
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

  /** The client, when it leaves a server, waits until all is sent: with a frozen one that would be for ever. */
  async #cut(): Promise<void> {
    this.#log.warn('the bus server was silent for too long: leaving it');
    if (this.#connection instanceof NatsConnectionImpl) await this.#connection.protocol.transport.close(new Error('silent for too long'));
  }

  #count(bytes: number): void {
    this.#unconfirmedBytes += bytes;
    if (this.#unconfirmedBytes < CONFIRM_EVERY_BYTES || this.#isConfirming) return;
    this.#isConfirming = true;
    void this.#confirm(this.#unconfirmedBytes);
  }

  async #confirm(bytes: number): Promise<void> {
    // Disconnected meanwhile: what was on its way is lost, and with the connection the count begins anew.
    if (await this.#answered()) this.#unconfirmedBytes = Math.max(0, this.#unconfirmedBytes - bytes);
    this.#isConfirming = false;
  }

  /** Waits until the server has taken everything so far and said so; false where the connection was lost instead. */
  async #answered(): Promise<boolean> {
    try {
      await this.#connection.flush();
      return true;
    } catch (error) {
      if (!(error instanceof NatsError)) throw error;
      return false;
    }
  }

  #enter(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#unconfirmedBytes = 0;
    this.#outage.sinceMs = connected ? undefined : nowMs();
    if (!connected) for (const onLost of this.#asking) onLost();
    this.#log.warn({ connected }, 'the bus connection changed');
    for (const listener of this.#listeners) listener(connected);
  }
}

/** A promise that is rejected from outside, or never. */
function rejectable(): { readonly promise: Promise<never>; readonly reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<never>((_resolve, rejectPromise) => (reject = rejectPromise));
  return { promise, reject };
}

function failureOf(error: unknown): BusFailure {
  if (!(error instanceof NatsError)) return 'disconnected';
  if (error.code === '503') return 'no_responders';
  return error.code === 'TIMEOUT' ? 'timeout' : 'disconnected';
}

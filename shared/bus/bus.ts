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
   * Sends now or not at all: false while disconnected and while the server is 32 MiB behind, so that nothing piles up in the
   * client, and for more bytes than the server takes (1 MiB unless configured otherwise), which is logged. `data` is the bus's
   * until `hasSentAll`.
   */
  publish(subject: string, data: Uint8Array, replyTo?: string): boolean;
  /** Whether everything published so far was copied to the connection, or dropped with it. */
  hasSentAll(): boolean;
  /** Calls back for each message, in order. An exception in `onMessage` is logged, not thrown. */
  subscribe(subject: string, onMessage: (message: BusMessage) => void, queue?: string): BusSubscription;
  /** One answer, or a BusError within `timeoutMs`: at once where nobody listens or the connection is lost meanwhile. */
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** Whether anybody listens on a subject now; who does hears `data`. Throws BusError where the bus is away. */
  hasListener(subject: string, data: Uint8Array): Promise<boolean>;
  /** Calls back when the connection is lost and regained. */
  onConnection(listener: (connected: boolean) => void): void;
  /** Sends what is waiting and closes; whatever comes later is as if disconnected. */
  close(): Promise<void>;
}

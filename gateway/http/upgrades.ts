import { NATIVE_SUBPROTOCOL } from '../../shared/protocol/native-message.ts';
import { VoxError, type CloseName } from '../../shared/runtime/errors.ts';
import type { Lifecycle } from '../../shared/runtime/lifecycle.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { SESSION_ID_PATTERN, type SessionRecord } from '../../shared/session/record.ts';
import type { SessionStore } from '../../shared/session/store.ts';
import type { GatewayMetrics, RejectReason } from '../metrics.ts';
import type { CallerSocket, SocketListener } from '../socket.ts';
import { matchesHash, sessionTokenOf, type ApiKeys } from './authorization.ts';
import { decodeSegment, errorAnswer, type HttpAnswer, type HttpRequest } from './exchange.ts';

/** What becomes of a request to upgrade. */
export type UpgradeDecision =
  | { readonly accept: false; readonly answer: HttpAnswer }
  /** `protocol` is the one subprotocol to answer with, empty for none. */
  | { readonly accept: true; readonly protocol: string; readonly open: (socket: CallerSocket) => SocketListener };

export interface UpgradesOptions {
  readonly store: SessionStore;
  readonly keys: ApiKeys;
  readonly lifecycle: Lifecycle;
  readonly metrics: GatewayMetrics;
  readonly log: Logger;
  readonly maxConnections: number;
  readonly openConnection: (socket: CallerSocket, record: SessionRecord, isNative: boolean) => SocketListener;
}

const DEAF: SocketListener = { onMessage: () => undefined, onDrain: () => undefined, onClosed: () => undefined };

/** Decides who gets a WebSocket on `/ws/:session_id`. */
export class Upgrades {
  readonly #options: UpgradesOptions;

  constructor(options: UpgradesOptions) {
    this.#options = options;
  }

  /** `held`: sockets open and upgrades under way, without this one. Never rejects. */
  async decide(request: HttpRequest, held: number): Promise<UpgradeDecision> {
    try {
      this.#checkRoom(held);
      this.#options.keys.checkOrigin(request);
      const decision = await this.#decide(request);
      // Draining may have begun while the record was loaded.
      this.#checkRoom(held);
      return decision;
    } catch (error) {
      return this.#refuse(error);
    }
  }

  #checkRoom(held: number): void {
    const { lifecycle, maxConnections } = this.#options;
    if (lifecycle.state !== 'ready') throw new VoxError('draining', `this gateway is ${lifecycle.state}; another one takes new calls`, 1000);
    if (held >= maxConnections) throw new VoxError('too_many_connections', 'this gateway holds all the connections it may', 1000 + Math.round(Math.random() * 2000));
  }

  async #decide(request: HttpRequest): Promise<UpgradeDecision> {
    const { keys, store } = this.#options;
    const offered = subprotocolsOf(request);
    const isNative = offered.includes(NATIVE_SUBPROTOCOL);
    const protocol = isNative ? NATIVE_SUBPROTOCOL : (offered[0] ?? '');
    const token = sessionTokenOf(request, offered);
    if (keys.required && token === undefined) throw unauthorized();
    const sessionId = decodeSegment(request.path.slice(request.path.lastIndexOf('/') + 1)) ?? '';
    const record = SESSION_ID_PATTERN.test(sessionId) ? await store.load(sessionId) : undefined;
    if (record === undefined) return this.#turnAway(protocol, 'session_not_found', 'session_not_found');
    if (keys.required && !matchesHash(token ?? '', record.config.tokenHash)) throw unauthorized();
    if (record.state === 'ended') return this.#turnAway(protocol, 'session_over', 'session_ended');
    return { accept: true, protocol, open: (socket) => this.#options.openConnection(socket, record, isNative) };
  }

  /** WebSocket clients see close codes, not HTTP statuses: what concerns the session is said after accepting. */
  #turnAway(protocol: string, name: CloseName, reason: RejectReason): UpgradeDecision {
    this.#options.metrics.countRejected(reason);
    const open = (socket: CallerSocket): SocketListener => {
      socket.close(name);
      return DEAF;
    };
    return { accept: true, protocol, open };
  }

  #refuse(error: unknown): UpgradeDecision {
    const { metrics, log } = this.#options;
    if (!(error instanceof VoxError)) {
      log.error({ err: error }, 'an upgrade could not be decided');
      metrics.countRejected('internal');
      return { accept: false, answer: errorAnswer(new VoxError('internal', 'an unexpected fault; it was logged')) };
    }
    metrics.countRejected(rejectReason(error));
    return { accept: false, answer: errorAnswer(error, error.code === 'unauthorized' ? { 'www-authenticate': 'Bearer' } : {}) };
  }
}

function subprotocolsOf(request: HttpRequest): readonly string[] {
  const header = request.headers.get('sec-websocket-protocol') ?? '';
  return header.split(',').map((name) => name.trim()).filter((name) => name !== '');
}

function unauthorized(): VoxError {
  return new VoxError('unauthorized', 'expected the session’s token as query parameter, bearer or subprotocol');
}

function rejectReason({ code }: VoxError): RejectReason {
  if (code === 'too_many_connections' || code === 'draining' || code === 'unauthorized' || code === 'foreign_origin' || code === 'store_unavailable') return code;
  return 'internal';
}

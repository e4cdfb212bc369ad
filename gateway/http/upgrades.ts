import { AFTER_PARAMETER, LARGEST_SEQ, NATIVE_SUBPROTOCOL } from '../../shared/protocol/native-message.ts';
import { nowMs } from '../../shared/runtime/clock.ts';
import { VoxError, type CloseName } from '../../shared/runtime/errors.ts';
import type { Lifecycle } from '../../shared/runtime/lifecycle.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { SESSION_ID_PATTERN, type SessionRecord } from '../../shared/session/record.ts';
import type { SessionStore } from '../../shared/session/store.ts';
import type { Arrival } from '../call.ts';
import type { GatewayMetrics, RejectReason } from '../metrics.ts';
import { newTicket, type Resumable } from '../resumption.ts';
import type { CallerSocket, SocketListener } from '../socket.ts';
import type { ToldErrors } from '../told-errors.ts';
import type { GatewayTraces } from '../traces.ts';
import { matchesHash, resumeTokenOf, secretHash, sessionTokenOf, type ApiKeys } from './authorization.ts';
import { decodeSegment, errorAnswer, type HttpAnswer, type HttpRequest } from './exchange.ts';

/** What becomes of a request to upgrade. */
export type UpgradeDecision =
  | { readonly accept: false; readonly answer: HttpAnswer }
  /** `protocol` is the one subprotocol to answer with, empty for none; `abandoned` is called instead of `open` where the caller has gone meanwhile. */
  | { readonly accept: true; readonly protocol: string; readonly open: (socket: CallerSocket) => SocketListener; readonly abandoned?: () => void };

export interface UpgradesOptions {
  readonly store: SessionStore;
  readonly keys: ApiKeys;
  readonly lifecycle: Lifecycle;
  readonly metrics: GatewayMetrics;
  readonly told: ToldErrors;
  readonly log: Logger;
  readonly maxConnections: number;
  /** Where traces are on. */
  readonly traces?: GatewayTraces | undefined;
  /** A resume token is good for so long. */
  readonly resumeTokenTtlMs: number;
  readonly openConnection: (socket: CallerSocket, arrival: Arrival) => SocketListener;
}

/** What a request shows and asks for. */
interface Credentials {
  readonly token: string | undefined;
  readonly resumeToken: string | undefined;
  /** The egress seq to go on after; undefined for a connection that cannot resume. */
  readonly afterSeq: number | undefined;
  readonly isNative: boolean;
  /** When it was asked, and within which trace, if any. */
  readonly askedMs: number;
  readonly traceparent: string | undefined;
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
    const protocol = answeredProtocol(offered);
    const credentials = credentialsOf(request, offered);
    const { token, resumeToken } = credentials;
    if (keys.required && token === undefined && resumeToken === undefined) throw unauthorized();
    const sessionId = decodeSegment(request.path.slice(request.path.lastIndexOf('/') + 1)) ?? '';
    const record = SESSION_ID_PATTERN.test(sessionId) ? await store.load(sessionId) : undefined;
    if (record === undefined) return this.#turnAway(protocol, 'session_not_found', 'session_not_found');
    // A resume token stands in for the session's; whether it is valid, the store says.
    if (keys.required && resumeToken === undefined && !matchesHash(token ?? '', record.config.tokenHash)) {
      // As if there were no such session: browsers see no HTTP status, and nobody learns which ids there are.
      return this.#turnAway(protocol, 'session_not_found', 'unauthorized');
    }
    if (record.state === 'ended') return this.#turnAway(protocol, 'session_over', 'session_ended');
    return this.#connect(protocol, record, credentials);
  }

  /** Counts the connection, which makes it the session's newest, where its resume token is valid or none was shown. */
  async #connect(protocol: string, record: SessionRecord, { resumeToken, afterSeq, isNative, askedMs, traceparent }: Credentials): Promise<UpgradeDecision> {
    const { store, metrics, traces, resumeTokenTtlMs: tokenTtlMs, openConnection } = this.#options;
    const resumable: Resumable | undefined = afterSeq === undefined ? undefined : { afterSeq, ticket: newTicket(tokenTtlMs) };
    const hashOf = (secret: string | undefined): string | undefined => (secret === undefined ? undefined : secretHash(secret));
    const connected = await store.connect(record.config.sessionId, {
      presentedHash: hashOf(resumeToken), nextHash: hashOf(resumable?.ticket.token), tokenTtlMs,
    });
    if (resumeToken !== undefined) metrics.countResume(connected.outcome === 'connected' ? 'resumed' : connected.outcome);
    if (connected.outcome === 'refused') return this.#turnAway(protocol, 'resume_refused', 'resume_refused');
    if (connected.outcome === 'not_found') return this.#turnAway(protocol, 'session_not_found', 'session_not_found');
    const { connectionNo, previousNo } = connected;
    return {
      accept: true, protocol,
      open: (socket) => openConnection(socket, { record, connectionNo, isNative, resumable, trace: traces?.upgraded(record.config, traceparent, askedMs) }),
      abandoned: () => this.#abandon(record.config.sessionId, connectionNo, previousNo),
    };
  }

  /** A connection that was counted and never opened must not replace the one that is. */
  #abandon(sessionId: string, connectionNo: number, previousNo: number): void {
    const { store, log } = this.#options;
    void store.abandon(sessionId, connectionNo, previousNo)
      .catch((error: unknown) => log.warn({ err: error, sessionId }, 'a connection that never opened could not be taken back'));
  }

  /** WebSocket clients see close codes, not HTTP statuses: what concerns the session is said after accepting. */
  #turnAway(protocol: string, name: CloseName, reason: RejectReason): UpgradeDecision {
    this.#options.metrics.countRejected(reason);
    const open = (socket: CallerSocket): SocketListener => {
      socket.close(name, this.#options.told.byClose(name));
      return DEAF;
    };
    return { accept: true, protocol, open };
  }

  #refuse(error: unknown): UpgradeDecision {
    const { metrics, told, log } = this.#options;
    if (!(error instanceof VoxError)) {
      const fault = new VoxError('internal', 'an unexpected fault; it was logged');
      log.error({ err: error, errorId: fault.errorId }, 'an upgrade could not be decided');
      return this.#refuse(fault);
    }
    metrics.countRejected(rejectReason(error));
    told.overHttp(error);
    return { accept: false, answer: errorAnswer(error, error.code === 'unauthorized' ? { 'www-authenticate': 'Bearer' } : {}) };
  }
}

function subprotocolsOf(request: HttpRequest): readonly string[] {
  const header = request.headers.get('sec-websocket-protocol') ?? '';
  return header.split(',').map((name) => name.trim()).filter((name) => name !== '');
}

function answeredProtocol(offered: readonly string[]): string {
  if (offered.includes(NATIVE_SUBPROTOCOL)) return NATIVE_SUBPROTOCOL;
  return offered[0] ?? '';
}

function credentialsOf(request: HttpRequest, offered: readonly string[]): Credentials {
  const afterSeq = afterSeqOf(request);
  return {
    token: sessionTokenOf(request, offered),
    resumeToken: resumeTokenOf(request, offered),
    afterSeq,
    isNative: offered.includes(NATIVE_SUBPROTOCOL) || afterSeq !== undefined,
    askedMs: nowMs(),
    traceparent: request.headers.get('traceparent'),
  };
}

/** Throws VoxError `bad_request` where there is an `after` that is no egress seq. */
function afterSeqOf(request: HttpRequest): number | undefined {
  const after = request.query.get(AFTER_PARAMETER);
  if (after === null) return undefined;
  const seq = /^\d{1,10}$/.test(after) ? Number(after) : Infinity;
  if (seq > LARGEST_SEQ) throw new VoxError('bad_request', `${AFTER_PARAMETER}: expected the seq of the last agent message received, 0 for none`);
  return seq;
}

function unauthorized(): VoxError {
  return new VoxError('unauthorized', 'expected the session’s token as query parameter, bearer or subprotocol, or a resume token');
}

function rejectReason({ code }: VoxError): RejectReason {
  switch (code) {
    case 'too_many_connections':
    case 'draining':
    case 'unauthorized':
    case 'foreign_origin':
    case 'bad_request':
    case 'store_unavailable':
      return code;
    default:
      return 'internal';
  }
}

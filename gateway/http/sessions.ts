import { randomBytes, randomUUID } from 'node:crypto';
import { BusError, type Bus } from '../../shared/bus/bus.ts';
import { endSubject } from '../../shared/bus/subjects.ts';
import type { SessionConfig } from '../../shared/protocol/agent-config.ts';
import { pack } from '../../shared/protocol/structured.ts';
import { nowMs, wallMs } from '../../shared/runtime/clock.ts';
import { VoxError } from '../../shared/runtime/errors.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { SESSION_ID_PATTERN, type SessionRecord } from '../../shared/session/record.ts';
import type { SessionStore } from '../../shared/session/store.ts';
import type { GatewayTraces } from '../traces.ts';
import { secretHash } from './authorization.ts';
import { jsonAnswer, type HttpAnswer, type HttpRequest } from './exchange.ts';
import { readSessionRequest, wireFormat, type SessionRequest } from './session-request.ts';

const TOKEN_BYTES = 32;
const END_TIMEOUT_MS = 1000;
/** Host names, addresses and ports: whatever else a Host header holds does not belong into a URL. */
const HOST_PATTERN = /^[A-Za-z0-9._:[\]-]{1,255}$/;

export interface SessionsOptions {
  readonly store: SessionStore;
  readonly bus: Bus;
  readonly log: Logger;
  readonly sessionTtlS: number;
  /** Where traces are on. */
  readonly traces?: GatewayTraces | undefined;
  /** Closes the session's connection here, for a session whose owner cannot. */
  readonly closeHere: (sessionId: string) => void;
}

/** `POST /sessions`, `GET` and `DELETE /sessions/:id`. Every method throws VoxError for what the client or the store did wrong. */
export class SessionsApi {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Creates a session and answers its token, the only time it is seen: the record keeps its hash. */
  async create(request: HttpRequest): Promise<HttpAnswer> {
    const wsBase = wsBaseOf(request);
    const { traces } = this.#options;
    const startMs = nowMs();
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const asked = configOf(readSessionRequest(request.body), token);
    const config = traces === undefined ? asked : traces.withParent(asked, request.headers.get('traceparent'));
    if (!(await this.#options.store.create(config))) {
      throw new VoxError('session_exists', `session_id: a session named ${config.sessionId} exists already`);
    }
    traces?.created(config, startMs);
    return jsonAnswer(201, {
      session_id: config.sessionId,
      token,
      ws_url: `${wsBase}/ws/${config.sessionId}`,
      expires_at: new Date(config.createdAtMs + this.#options.sessionTtlS * 1000).toISOString(),
    });
  }

  /** A session's state, without token, instructions or anything that was said. */
  async read(sessionId: string): Promise<HttpAnswer> {
    return jsonAnswer(200, stateOf(await this.#load(sessionId)));
  }

  /** Ends a session: its record says so from now on, its owner is told and closes the call. */
  async end(sessionId: string): Promise<HttpAnswer> {
    if (!SESSION_ID_PATTERN.test(sessionId)) throw noSuchSession();
    const ended = await this.#options.store.end(sessionId);
    if (typeof ended === 'string') throw noSuchSession();
    if (ended.owner === '' || !(await this.#tellOwner(ended.owner, sessionId))) this.#options.closeHere(sessionId);
    return { status: 204, headers: {}, body: '' };
  }

  async #load(sessionId: string): Promise<SessionRecord> {
    const record = SESSION_ID_PATTERN.test(sessionId) ? await this.#options.store.load(sessionId) : undefined;
    if (record === undefined) throw noSuchSession();
    return record;
  }

  async #tellOwner(workerId: string, sessionId: string): Promise<boolean> {
    try {
      await this.#options.bus.request(endSubject(workerId), pack({ sessionId }), END_TIMEOUT_MS);
      return true;
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      this.#options.log.warn({ err: error, sessionId, workerId }, 'the owner of an ended session could not be told');
      return false;
    }
  }
}

function configOf(request: SessionRequest, token: string): SessionConfig {
  const { sessionId, userId, tags, lane, agent, input, output } = request;
  return {
    sessionId: sessionId ?? randomUUID(),
    ...(userId === undefined ? {} : { userId }),
    tags, lane, agent, input, output,
    tokenHash: secretHash(token),
    createdAtMs: wallMs(),
  };
}

function stateOf(record: SessionRecord): object {
  const { config, state, owner, leaseUntilMs, ingressSeq, egressSeq, expiresAtMs } = record;
  return {
    session_id: config.sessionId,
    ...(config.userId === undefined ? {} : { user_id: config.userId }),
    state,
    has_owner: owner !== '' && leaseUntilMs > wallMs(),
    lane: config.lane,
    tags: config.tags,
    audio: { input: wireFormat(config.input), output: wireFormat(config.output) },
    committed: { ingress_seq: ingressSeq, egress_seq: egressSeq },
    created_at: new Date(config.createdAtMs).toISOString(),
    expires_at: new Date(expiresAtMs).toISOString(),
  };
}

function wsBaseOf({ headers }: HttpRequest): string {
  const host = headers.get('host') ?? '';
  if (!HOST_PATTERN.test(host)) throw new VoxError('bad_request', 'Host: expected a host name or address, with or without a port');
  // A chain of proxies lists what each saw; the first is what the client used.
  const scheme = headers.get('x-forwarded-proto')?.split(',', 1)[0]?.trim().toLowerCase();
  return `${scheme === 'https' || scheme === 'wss' ? 'wss' : 'ws'}://${host}`;
}

function noSuchSession(): VoxError {
  return new VoxError('session_not_found', 'no such session: never created, ended long ago or expired');
}

import type { WireFormat } from '../protocol/native-message.ts';

/** Body of `POST /sessions`; field names are the interface's own. */
export interface SessionRequest {
  readonly session_id?: string;
  readonly user_id?: string;
  readonly tags?: readonly string[];
  readonly priority?: number;
  readonly agent?: AgentRequest;
  readonly audio?: { readonly input?: WireFormat; readonly output?: WireFormat };
}

export interface AgentRequest {
  readonly instructions: string;
  readonly greeting?: string;
  readonly voice?: string;
  readonly language?: string;
  readonly hints?: readonly string[];
  readonly engines?: Readonly<Record<string, string>>;
  readonly speak_text?: boolean;
}

/** What a created session is reached by. */
export interface SessionTicket {
  readonly session_id: string;
  readonly token: string;
  readonly ws_url: string;
  readonly expires_at: string | number;
}

/** Why there is no session: nobody answered, the gateway said no, or what answered is no gateway. */
export type SessionFault = 'unreachable' | 'refused' | 'unexpected';

/** The only thing that `createSession` and `endSession` throw. */
export class SessionRequestError extends Error {
  override readonly name = 'SessionRequestError';
  readonly fault: SessionFault;
  /** The gateway's stable error code where it gave one. */
  readonly code: string | undefined;

  /** What to quote when asking about it, where the gateway gave one. */
  readonly errorId: string | undefined;

  constructor(fault: SessionFault, message: string, code?: string, options?: ErrorOptions & { readonly errorId?: string }) {
    super(message, options);
    this.fault = fault;
    this.code = code;
    this.errorId = options?.errorId;
  }
}

/** Creates a session at the gateway of this base URL (`http://host:port`). Throws SessionRequestError. */
export async function createSession(baseUrl: string, request: SessionRequest, apiKey?: string): Promise<SessionTicket> {
  const body = await ask(baseUrl, '/sessions', { method: 'POST', body: JSON.stringify(request) }, apiKey);
  if (!isTicket(body)) throw new SessionRequestError('unexpected', `${baseUrl} answered without a session: is it a Voxfleet gateway?`);
  return body;
}

/** Ends a session; `keepalive` lets the request outlive the page that makes it. Throws SessionRequestError. */
export async function endSession(baseUrl: string, sessionId: string, apiKey?: string): Promise<void> {
  await ask(baseUrl, `/sessions/${encodeURIComponent(sessionId)}`, { method: 'DELETE', keepalive: true }, apiKey);
}

async function ask(baseUrl: string, path: string, init: RequestInit, apiKey: string | undefined): Promise<unknown> {
  const headers = new Headers();
  if (init.body !== undefined) headers.set('content-type', 'application/json');
  if (apiKey !== undefined) headers.set('authorization', `Bearer ${apiKey}`);
  const response = await reach(new URL(path, baseUrl), { ...init, headers });
  const body = bodyOf(await response.text());
  if (!response.ok) throw refusal(response.status, body);
  return body;
}

async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    throw new SessionRequestError('unreachable', `no gateway answers at ${url.origin}${reasonOf(cause)}`, undefined, { cause });
  }
}

/** Node says in a cause of the cause what it was, browsers say nothing. */
function reasonOf(failure: unknown): string {
  const cause = failure instanceof Error ? failure.cause : undefined;
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : '';
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An empty body (204) or a proxy's page: what matters then is the status, which is looked at next.
    return undefined;
  }
}

function refusal(status: number, body: unknown): SessionRequestError {
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : body;
  if (isRecord(error) && typeof error['code'] === 'string' && typeof error['message'] === 'string') {
    const errorId = error['error_id'];
    return new SessionRequestError('refused', error['message'], error['code'], typeof errorId === 'string' ? { errorId } : {});
  }
  return new SessionRequestError('unexpected', `the answer was HTTP ${status} without an error code: is it a Voxfleet gateway?`);
}

function isTicket(value: unknown): value is SessionTicket {
  return (
    isRecord(value) &&
    typeof value['session_id'] === 'string' &&
    typeof value['token'] === 'string' &&
    typeof value['ws_url'] === 'string' &&
    (typeof value['expires_at'] === 'string' || typeof value['expires_at'] === 'number')
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

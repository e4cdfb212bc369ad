/**
 * Every error code a caller or an HTTP client can meet: its HTTP status (where it is answered over HTTP) and what it
 * means. The one table; documentation is tested against it.
 */
export const ERROR_TABLE = {
  bad_json: { status: 400, meaning: 'The message or body is not JSON, or not a JSON object.' },
  bad_request: { status: 400, meaning: 'A field is unknown, missing, of the wrong type or too long; the message names its path.' },
  unknown_type: { status: 400, meaning: 'The message has a `type` this wire does not know.' },
  bad_base64: { status: 400, meaning: '`data` of an audio message is not base64.' },
  bad_audio_length: { status: 400, meaning: 'Audio is empty or does not hold whole samples.' },
  audio_too_large: { status: 413, meaning: 'One audio message is longer than MAX_AUDIO_MESSAGE_BYTES.' },
  text_too_long: { status: 413, meaning: '`content` of a text message is longer than MAX_TEXT_CHARS.' },
  bad_frame: { status: 400, meaning: 'A binary message does not start with a valid header.' },
  not_ready: { status: 409, meaning: 'Sent before `ready`; wait for it, then send again.' },
  too_many_waiting: { status: 429, meaning: 'More messages wait for a worker than MAX_WAITING_MESSAGES; this one was not taken.' },
  unauthorized: { status: 401, meaning: 'The API key or session token is missing or wrong.' },
  foreign_origin: { status: 403, meaning: 'A page of another website asked a gateway that has no API keys; see ALLOWED_ORIGINS.' },
  session_not_found: { status: 404, meaning: 'No such session: never created, ended long ago or expired.' },
  session_exists: { status: 409, meaning: 'A session with this id already exists.' },
  session_ended: { status: 410, meaning: 'The session is over.' },
  not_found: { status: 404, meaning: 'No such path.' },
  method_not_allowed: { status: 405, meaning: 'The path exists, not with this method.' },
  body_too_large: { status: 413, meaning: 'The request body is longer than MAX_BODY_BYTES.' },
  at_capacity: { status: 503, meaning: 'Every worker is full; the gateway tries again until ADMISSION_WAIT_MS is over.' },
  too_many_connections: { status: 503, meaning: 'This gateway holds MAX_WEBSOCKET_CONNECTIONS already.' },
  draining: { status: 503, meaning: 'This gateway is shutting down; another one takes new calls.' },
  store_unavailable: { status: 503, meaning: 'Redis does not answer; no new sessions until it does.' },
  bus_unavailable: { status: 503, meaning: 'The bus between gateways and workers is away; what you say is kept for REPLAY_MS and heard once it is back.' },
  worker_lost: { status: 503, meaning: 'The worker of this session was lost; another one takes over, what was not committed is replayed.' },
  shed: { status: 503, meaning: 'Something was dropped: input that waited too long or came to an overloaded worker, or what the agent said to a caller who was away for longer than that is kept.' },
  slow_consumer: { status: 503, meaning: 'Agent audio was dropped because the connection does not take it fast enough.' },
  cancelled: { status: 409, meaning: 'The answer to a text message was cancelled by the caller.' },
  recognizer_failed: { status: 502, meaning: 'The recognizer failed on this turn; the session goes on.' },
  responder_failed: { status: 502, meaning: 'The responder failed on this turn; the session goes on.' },
  synthesizer_failed: { status: 502, meaning: 'The synthesizer failed on this turn; its text was still delivered.' },
  voice_activity_failed: { status: 502, meaning: 'Voice activity detection failed; it was started anew.' },
  internal: { status: 500, meaning: 'An unexpected fault; it was logged and counted.' },
} as const satisfies Record<string, { status: number; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** Without letters and digits that are taken for one another when they are read out: Crockford's base 32, lower case. */
const ID_DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
/** 50 bits: among a million errors, that two have the same is as likely as one in two thousand. */
const ID_CHARS = 10;

/** What a caller can quote and an operator finds in the log: ten letters and digits by chance, in lower case. */
export function newErrorId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(ID_CHARS)), (byte) => ID_DIGITS[byte % ID_DIGITS.length]).join('');
}

/** An error that is told to the one it concerns: a stable code and a sentence that says what was wrong. */
export class VoxError extends Error {
  override readonly name = 'VoxError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  #errorId: string | undefined;

  /** `errorId`: of an error that somebody else has made. */
  constructor(code: ErrorCode, message: string, retryAfterMs?: number, errorId?: string) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.#errorId = errorId;
  }

  /** What the one it is told to can quote; made when it is first asked for, for most errors are told to nobody. */
  get errorId(): string {
    this.#errorId ??= newErrorId();
    return this.#errorId;
  }
}

/** Every close code the gateway sends, with its reason text. 4000–4999 are this project's own. */
export const CLOSE_TABLE = {
  session_over: { code: 1000, reason: 'Session over' },
  session_not_found: { code: 1008, reason: 'Session not found' },
  restarting: { code: 1012, reason: 'Gateway restarting' },
  at_capacity: { code: 1013, reason: 'At capacity' },
  replaced: { code: 4001, reason: 'Replaced by a newer connection' },
  abuse: { code: 4002, reason: 'Too many invalid messages in a row' },
  slow_consumer: { code: 4003, reason: 'Connection too slow' },
  session_lost: { code: 4004, reason: 'Session could not be taken over' },
  resume_refused: { code: 4005, reason: 'Resume token is not valid' },
} as const satisfies Record<string, { code: number; reason: string }>;

export type CloseName = keyof typeof CLOSE_TABLE;

/** The reason of a close frame; with `errorId` it says what to quote, and stays far below the 123 bytes there are. */
export function closeReason(name: CloseName, errorId?: string): string {
  const { reason } = CLOSE_TABLE[name];
  return errorId === undefined ? reason : `${reason} (error ${errorId})`;
}

/** What was thrown, in words: of an Error its message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

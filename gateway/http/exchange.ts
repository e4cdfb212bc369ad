import { ERROR_TABLE, type VoxError } from '../../shared/runtime/errors.ts';

/** An HTTP request, copied from the server before anything is awaited. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name; the last of several wins. */
  readonly headers: ReadonlyMap<string, string>;
  /** Empty for GET and HEAD. */
  readonly body: Uint8Array;
}

/** What is answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** Where it is there, the answer goes on after its head, with what is written to the sink, and `body` is not sent. Answers what is to be called once the asker is gone. */
  readonly stream?: (sink: AnswerSink) => () => void;
}

/** The open end of an answer that goes on. Nothing happens any more once the asker is gone. */
export interface AnswerSink {
  /** Sends a piece; or leaves it out whole, and says false, while the asker has not taken the ones before. */
  write(piece: string): boolean;
  /** Ends the answer in order. */
  end(): void;
  /** Cuts the asker off: what it has not taken is thrown away. */
  cut(): void;
}

/** An answer with a JSON body. */
export function jsonAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

/** The one form of every HTTP error: `{"error":{"code","message","error_id","retry_after_ms"?}}`, `Retry-After` where it is known. */
export function errorAnswer(error: VoxError, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  const { code, message, errorId, retryAfterMs } = error;
  const retry = retryAfterMs === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) };
  const body = { error: { code, message, error_id: errorId, ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }) } };
  return jsonAnswer(ERROR_TABLE[code].status, body, { ...retry, ...headers });
}

/** The last path segment decoded, or undefined where its percent-encoding is broken. */
export function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

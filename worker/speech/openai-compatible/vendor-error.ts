import { EngineError } from '../ports.ts';

/** The vendor refused or failed; `retryAfterMs` is how long it asks to be left alone, where it says so. */
export class VendorError extends EngineError {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryable: boolean, retryAfterMs?: number) {
    super(message, retryable);
    this.retryAfterMs = retryAfterMs;
  }
}

const MAX_DETAIL_CHARS = 300;

/**
 * What a status other than 2xx means: too many requests, a timeout and the vendor's own faults may pass, the rest is
 * ours. `body` is what the vendor said, as JSON `{error: {message}}` or as text; `secret` is struck out of it.
 */
export function vendorError(status: number, headers: Headers, body: string, secret: string, nowMs: number): VendorError {
  const retryable = status === 408 || status === 429 || status >= 500;
  const said = detailOf(body);
  const safe = secret === '' ? said : said.replaceAll(secret, '[key]');
  const detail = safe.length > MAX_DETAIL_CHARS ? `${safe.slice(0, MAX_DETAIL_CHARS)}…` : safe;
  return new VendorError(`status ${status}: ${detail === '' ? 'no explanation' : detail}`, retryable, readRetryAfterMs(headers, nowMs));
}

/** `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110 §10.2.3); undefined where neither makes sense. */
export function readRetryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const ms = headers.get('retry-after-ms');
  if (ms !== null && /^\d+(\.\d+)?$/.test(ms)) return Number(ms);
  const after = headers.get('retry-after');
  if (after === null) return undefined;
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const moment = Date.parse(after);
  return Number.isNaN(moment) ? undefined : Math.max(0, moment - nowMs);
}

function detailOf(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    return messageIn(parsed) ?? body.trim();
  } catch {
    // Not JSON: proxies and small servers answer in plain text, which says as much.
    return body.trim();
  }
}

/** OpenAI nests `{error: {message}}`; others write `{error: "…"}` or `{message}` or `{detail}`. */
function messageIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  if ('error' in value) return messageIn(value.error);
  if ('message' in value) return messageIn(value.message);
  return 'detail' in value ? messageIn(value.detail) : undefined;
}

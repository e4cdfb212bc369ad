import { messageOf } from '../../../shared/runtime/errors.ts';
import { pause } from '../../../shared/runtime/pause.ts';
import { EngineError } from '../ports.ts';
import type { Endpoint } from './settings.ts';
import { vendorError, VendorError } from './vendor-error.ts';

export interface VendorRequest {
  /** Below the base URL, with a leading slash. */
  readonly path: string;
  /** JSON unless it is a form, which brings its own content type. */
  readonly body: string | FormData;
  /** A longer answer is an error. */
  readonly maxBytes: number;
  /** Sent along where there is one, so that the vendor's part is found in the same trace. */
  readonly traceparent: string | undefined;
}

/** What a failed attempt waits before the only other one, where the vendor does not say. */
const RETRY_DELAY_MS = 250;
/** A vendor that wants to be left alone for longer is not asked again: a caller waits. */
const MAX_RETRY_DELAY_MS = 2000;
const MAX_ERROR_BYTES = 64_000;
/** How long the rest of an answer nobody reads is awaited, so that its connection can serve the next request. */
const LET_GO_MS = 100;

/** Runs `attempt`, and once more after a retryable EngineError, unless something was yielded already or `signal` aborts. */
export async function* withOneRetry<T>(attempt: () => AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  let yielded = false;
  try {
    for await (const item of attempt()) {
      yielded = true;
      yield item;
    }
    return;
  } catch (error) {
    const delayMs = retryDelayMs(error);
    if (yielded || delayMs === undefined) throw error;
    if (!(await pause(delayMs, signal))) return;
  }
  yield* attempt();
}

/** Sends one request and yields its answer as it comes. Ends early, without a throw, when `signal` aborts. Throws EngineError. */
export async function* send(endpoint: Endpoint, request: VendorRequest, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const cut = new AbortController();
  const relay = (): void => cut.abort();
  if (signal.aborted) cut.abort();
  signal.addEventListener('abort', relay, { once: true });
  const watch = new Watch(cut);
  let reader: BodyReader | undefined;
  try {
    watch.arm(endpoint.timeoutMs, 'no answer');
    reader = await answerTo(endpoint, request, cut.signal);
    let bytes = 0;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      watch.disarm();
      bytes += piece.value.length;
      if (bytes > request.maxBytes) throw new EngineError(`the answer is longer than ${request.maxBytes} bytes`, false);
      yield piece.value;
      if (signal.aborted) return;
      watch.arm(endpoint.stallMs, 'the answer stalled: nothing more');
    }
  } catch (error) {
    if (signal.aborted) return;
    throw watch.fired ?? asEngineError(error);
  } finally {
    watch.disarm();
    signal.removeEventListener('abort', relay);
    if (reader === undefined) cut.abort();
    else void letGo(reader, cut);
  }
}

type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

async function answerTo(endpoint: Endpoint, request: VendorRequest, signal: AbortSignal): Promise<BodyReader> {
  const headers = new Headers();
  if (endpoint.apiKey !== '') headers.set('authorization', `Bearer ${endpoint.apiKey}`);
  if (typeof request.body === 'string') headers.set('content-type', 'application/json');
  if (request.traceparent !== undefined) headers.set('traceparent', request.traceparent);
  const response = await fetch(endpoint.baseUrl + request.path, { method: 'POST', headers, body: request.body, redirect: 'error', signal });
  const reader = response.body?.getReader();
  if (reader === undefined) throw new EngineError('the answer has no body', true);
  if (response.ok) return reader;
  throw vendorError(response.status, response.headers, await startOf(reader), endpoint.apiKey, Date.now());
}

/** The first bytes of an error's body as text; the rest is not worth a wait. */
async function startOf(reader: BodyReader): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (let piece = await reader.read(); !piece.done && bytes < MAX_ERROR_BYTES; piece = await reader.read()) {
    pieces.push(piece.value);
    bytes += piece.value.length;
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Cuts a request off when what it waits for does not come in time. */
class Watch {
  readonly #cut: AbortController;
  #timer: NodeJS.Timeout | undefined;
  #fired: EngineError | undefined;

  constructor(cut: AbortController) {
    this.#cut = cut;
  }

  /** The error that ended the wait, if one did. */
  get fired(): EngineError | undefined {
    return this.#fired;
  }

  arm(ms: number, missing: string): void {
    this.#timer = setTimeout(() => {
      this.#fired = new EngineError(`${missing} within ${ms} ms`, true);
      this.#cut.abort();
    }, ms);
  }

  disarm(): void {
    clearTimeout(this.#timer);
  }
}

async function letGo(reader: BodyReader, cut: AbortController): Promise<void> {
  const timer = setTimeout(() => cut.abort(), LET_GO_MS);
  try {
    let piece = await reader.read();
    while (!piece.done) piece = await reader.read();
  } catch {
    // The answer was cut off, by its sender or by us: its connection is closed, which is all that was left to do.
  } finally {
    clearTimeout(timer);
  }
}

function asEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  // fetch says "fetch failed" or "terminated" and keeps what happened in `cause`.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
  const message = messageOf(error);
  return new EngineError(`the request failed: ${cause === '' ? message : `${message}: ${cause}`}`, true, { cause: error });
}

function retryDelayMs(error: unknown): number | undefined {
  if (!(error instanceof EngineError) || !error.retryable) return undefined;
  const asked = error instanceof VendorError ? error.retryAfterMs : undefined;
  const delayMs = asked ?? RETRY_DELAY_MS;
  return delayMs <= MAX_RETRY_DELAY_MS ? delayMs : undefined;
}

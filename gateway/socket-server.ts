import { STATUS_CODES } from 'node:http';
import uws, {
  type HttpRequest as UwsRequest, type HttpResponse as UwsResponse, type TemplatedApp, type us_listen_socket, type us_socket_context_t, type WebSocket,
} from 'uWebSockets.js';
import { CLOSE_TABLE, closeReason, VoxError, type CloseName } from '../shared/runtime/errors.ts';
import type { Logger } from '../shared/runtime/log.ts';
import { errorAnswer, type HttpAnswer, type HttpRequest } from './http/exchange.ts';
import { ResponseSink } from './http/response-sink.ts';
import type { UpgradeDecision } from './http/upgrades.ts';
import type { CallerSocket, SendOutcome, SocketListener } from './socket.ts';

// What uWebSockets.js has at run time and its own types leave out.
declare module 'uWebSockets.js' {
  interface TemplatedApp {
    listen(host: string, port: number, options: ListenOptions, cb: (listenSocket: us_listen_socket | false) => void): TemplatedApp;
  }
  const LIBUS_LISTEN_EXCLUSIVE_PORT: ListenOptions;
}

export interface SocketServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly maxBodyBytes: number;
  /** A larger WebSocket message closes its connection unread. */
  readonly maxMessageBytes: number;
  /** More than this waiting in one socket's buffer, and a message is not taken (`dropped`). */
  readonly maxBackpressureBytes: number;
  readonly onRequest: (request: HttpRequest) => Promise<HttpAnswer>;
  /** `held`: sockets open and upgrades under way, without this one. Must not reject. */
  readonly onUpgrade: (request: HttpRequest, held: number) => Promise<UpgradeDecision>;
  /** Hears of errors that the server itself answers with. */
  readonly onTold: (error: VoxError) => void;
  readonly log: Logger;
}

/** What uWebSockets.js keeps for one WebSocket. */
interface Peer {
  /** Until it is open, and not longer: it keeps all that the upgrade knew. */
  open: ((socket: CallerSocket) => SocketListener) | undefined;
  attended: UwsSocket | undefined;
}

/** A caller who is silent and answers no ping for so long is gone. */
const IDLE_TIMEOUT_S = 60;
const SEND_OUTCOMES: readonly SendOutcome[] = ['queued', 'sent', 'dropped'];
const NO_BODY = new Uint8Array(0);

/** The one port for HTTP and WebSockets. The only door to uWebSockets.js. */
export class SocketServer {
  readonly #options: SocketServerOptions;
  readonly #app: TemplatedApp;
  #listening: us_listen_socket | undefined;
  #held = 0;

  private constructor(options: SocketServerOptions) {
    this.#options = options;
    this.#app = uws.App();
    this.#app.ws<Peer>('/ws/:session_id', {
      compression: uws.DISABLED,
      maxPayloadLength: options.maxMessageBytes,
      maxBackpressure: options.maxBackpressureBytes,
      idleTimeout: IDLE_TIMEOUT_S,
      sendPingsAutomatically: true,
      upgrade: (response, request, context) => this.#upgrade(response, request, context),
      open: (ws) => this.#open(ws),
      message: (ws, message, isBinary) => this.#message(ws, message, isBinary),
      drain: (ws) => this.#drain(ws),
      close: (ws) => this.#closed(ws.getUserData()),
    });
    this.#app.any('/*', (response, request) => this.#request(response, request));
  }

  /** Listens. Rejects where the port is taken or may not be used; no other process may share it. */
  static start(options: SocketServerOptions): Promise<SocketServer> {
    const server = new SocketServer(options);
    const { host, port } = options;
    return new Promise((resolve, reject) => {
      server.#app.listen(host, port, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
        if (socket === false) {
          reject(new Error(`cannot listen on ${host}:${port}: the port is taken or not permitted, or the address is not this machine's`));
          return;
        }
        server.#listening = socket;
        resolve(server);
      });
    });
  }

  /** The port listened on, -1 where it is not any more. */
  get port(): number {
    return this.#listening === undefined ? -1 : uws.us_socket_local_port(this.#listening);
  }

  /** Listens no more and drops every connection that is left. */
  close(): void {
    if (this.#listening === undefined) return;
    this.#listening = undefined;
    this.#app.close();
  }

  #upgrade(response: UwsResponse, request: UwsRequest, context: us_socket_context_t): void {
    const key = request.getHeader('sec-websocket-key');
    const extensions = request.getHeader('sec-websocket-extensions');
    const call = copyRequest(request, NO_BODY);
    const held = this.#held;
    const exchange = { isAborted: false };
    this.#held += 1;
    response.onAborted(() => {
      exchange.isAborted = true;
      this.#held -= 1;
    });
    void this.#options
      .onUpgrade(call, held)
      .catch((error: unknown) => this.#fault(error))
      .then((decision) => {
        if (exchange.isAborted) {
          if (decision.accept) decision.abandoned?.();
          return;
        }
        if (decision.accept) {
          // Not corked: after a late upgrade within cork, uWebSockets.js takes the WebSocket for the HTTP exchange it was where
          // both lie at the same address, and may close it at once (seen in strace: 101, shutdown, close). The library's hint to
          // cork, one line on standard error, cannot be switched off.
          response.upgrade<Peer>({ open: decision.open, attended: undefined }, key, decision.protocol, extensions, context);
          return;
        }
        this.#held -= 1;
        response.cork(() => writeAnswer(response, decision.answer, false, true));
      });
  }

  #open(ws: WebSocket<Peer>): void {
    const peer = ws.getUserData();
    const { open } = peer;
    const socket = new UwsSocket(ws);
    peer.open = undefined;
    try {
      socket.listener = open?.(socket);
      peer.attended = socket;
    } catch (error) {
      this.#options.log.error({ err: error }, 'a connection could not be opened');
      socket.close('session_lost');
    }
  }

  #message(ws: WebSocket<Peer>, message: ArrayBuffer, isBinary: boolean): void {
    const { attended } = ws.getUserData();
    try {
      attended?.listener?.onMessage(new Uint8Array(message), isBinary);
    } catch (error) {
      this.#failed(attended, error);
    }
  }

  #drain(ws: WebSocket<Peer>): void {
    const { attended } = ws.getUserData();
    try {
      attended?.listener?.onDrain();
    } catch (error) {
      this.#failed(attended, error);
    }
  }

  /** A defect met with one caller's message must not reach another caller: it costs this one connection. */
  #failed(attended: UwsSocket | undefined, error: unknown): void {
    this.#options.log.error({ err: error }, 'a connection failed');
    attended?.close('session_lost');
  }

  #closed(peer: Peer): void {
    this.#held -= 1;
    const { attended } = peer;
    if (attended === undefined) return;
    attended.forget();
    try {
      attended.listener?.onClosed();
    } catch (error) {
      this.#options.log.error({ err: error }, 'the end of a connection could not be handled');
    }
  }

  #request(response: UwsResponse, request: UwsRequest): void {
    const call = copyRequest(request, NO_BODY);
    const exchange = { isOver: false, sink: new ResponseSink(response) };
    response.onAborted(() => {
      exchange.isOver = true;
      exchange.sink.forget();
    });
    const answer = (body: Uint8Array): void => {
      void this.#options
        .onRequest({ ...call, body })
        .catch((error: unknown) => this.#fault(error).answer)
        .then((answered) => {
          if (exchange.isOver) return;
          exchange.isOver = true;
          if (answered.stream !== undefined && call.method !== 'HEAD') exchange.sink.open(() => writeHead(response, answered), answered.stream);
          else response.cork(() => writeAnswer(response, answered, call.method === 'HEAD', false));
        });
    };
    if (call.method === 'GET' || call.method === 'HEAD') return answer(NO_BODY);
    this.#collectBody(response, exchange, answer);
  }

  #collectBody(response: UwsResponse, exchange: { isOver: boolean }, done: (body: Uint8Array) => void): void {
    const { maxBodyBytes } = this.#options;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    response.onData((chunk, isLast) => {
      if (exchange.isOver) return;
      bytes += chunk.byteLength;
      if (bytes > maxBodyBytes) {
        exchange.isOver = true;
        const answer = this.#told(new VoxError('body_too_large', `expected a body of at most ${maxBodyBytes} bytes`));
        response.cork(() => writeAnswer(response, answer, false, true));
        return;
      }
      chunks.push(new Uint8Array(chunk.slice(0)));
      if (isLast) done(chunks.length === 1 ? (chunks[0] ?? NO_BODY) : Buffer.concat(chunks));
    });
  }

  #fault(error: unknown): { readonly accept: false; readonly answer: HttpAnswer } {
    const told = new VoxError('internal', 'an unexpected fault; it was logged');
    this.#options.log.error({ err: error, errorId: told.errorId }, 'a request could not be answered');
    return { accept: false, answer: this.#told(told) };
  }

  #told(error: VoxError): HttpAnswer {
    this.#options.onTold(error);
    return errorAnswer(error);
  }
}

/** A WebSocket of uWebSockets.js, which throws when used after its end: this one answers `dropped`. */
class UwsSocket implements CallerSocket {
  /** Who hears what happens on it. */
  listener: SocketListener | undefined;
  #ws: WebSocket<Peer> | undefined;

  constructor(ws: WebSocket<Peer>) {
    this.#ws = ws;
  }

  get bufferedBytes(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  sendText(text: string): SendOutcome {
    return this.#send(text, false);
  }

  sendBinary(bytes: Uint8Array): SendOutcome {
    return this.#send(bytes, true);
  }

  close(name: CloseName, errorId?: string): void {
    const ws = this.#ws;
    this.#ws = undefined;
    ws?.end(CLOSE_TABLE[name].code, closeReason(name, errorId));
  }

  /** The socket is gone. */
  forget(): void {
    this.#ws = undefined;
  }

  #send(data: string | Uint8Array, isBinary: boolean): SendOutcome {
    if (this.#ws === undefined) return 'dropped';
    return SEND_OUTCOMES[this.#ws.send(data, isBinary)] ?? 'dropped';
  }
}

/** Everything of a request that is needed later: it may not be touched once its handler has returned. */
function copyRequest(request: UwsRequest, body: Uint8Array): HttpRequest {
  const headers = new Map<string, string>();
  request.forEach((name, value) => headers.set(name, value));
  const query = new URLSearchParams(request.getQuery());
  return { method: request.getCaseSensitiveMethod().toUpperCase(), path: request.getUrl(), query, headers, body };
}

function writeHead(response: UwsResponse, { status, headers }: HttpAnswer): void {
  response.writeStatus(`${status} ${STATUS_CODES[status] ?? ''}`);
  for (const [name, value] of Object.entries(headers)) response.writeHeader(name, value);
  response.writeHeader('x-content-type-options', 'nosniff');
}

function writeAnswer(response: UwsResponse, answer: HttpAnswer, isHead: boolean, closeAfter: boolean): void {
  const { status, body } = answer;
  writeHead(response, answer);
  if (isHead) response.endWithoutBody(Buffer.byteLength(body), closeAfter);
  else if (status === 204 || status === 304) response.endWithoutBody(0, closeAfter);
  else response.end(body, closeAfter);
}

import { createHash, randomBytes } from 'node:crypto';
import { messageOf } from '../../shared/runtime/errors.ts';
import type { ByteStream, OpenStream } from './byte-stream.ts';
import { clientFrame, FrameDecoder, OPCODE } from './websocket-frames.ts';

/** RFC 6455, 1.3: proves that the server understood the request. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const HEAD_END = '\r\n\r\n';
const OPEN_WITHIN_MS = 30_000;
/** What a connection that was cut without a word is told to have ended with. */
const CUT = 1006;
const NO_CODE = 1005;

/** The upgrade was refused, or nobody answered. */
export class UpgradeError extends Error {
  override readonly name = 'UpgradeError';
  /** HTTP status, 0 where there was none. */
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

export interface WireSocketOptions {
  /** `ws://` or `wss://`. */
  readonly url: string;
  readonly openStream: OpenStream;
  readonly protocols?: readonly string[];
  /** `payload` is only good during the call. */
  readonly onMessage: (payload: Buffer, isText: boolean) => void;
  /** Called once, after it was open. */
  readonly onClose?: (code: number, reason: string) => void;
}

/**
 * A WebSocket client with as little as possible between a frame and the kernel, so that one process can be hundreds of
 * callers: messages are whole frames that the owner prepared, and reads are handed on without a copy.
 */
export class WireSocket {
  readonly #options: WireSocketOptions;
  readonly #stream: ByteStream;
  readonly #decoder: FrameDecoder;
  #state: 'opening' | 'open' | 'closed' = 'opening';
  #head = '';
  #opened: { readonly resolve: () => void; readonly reject: (error: UpgradeError) => void; readonly accept: string } | undefined;
  #closing: { readonly code: number; readonly reason: string } | undefined;
  #hasSaidClose = false;

  /** Use `WireSocket.open`. */
  constructor(options: WireSocketOptions, url: URL) {
    const isSecure = url.protocol === 'wss:';
    const address = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || (isSecure ? 443 : 80)), isSecure };
    this.#options = options;
    this.#decoder = new FrameDecoder((payload, opcode) => this.#message(payload, opcode));
    this.#stream = options.openStream(address, { onBytes: (bytes) => this.#receive(bytes), onClosed: (error) => this.#ended(error) });
  }

  /** Throws UpgradeError. */
  static async open(options: WireSocketOptions): Promise<WireSocket> {
    const url = new URL(options.url);
    const wire = new WireSocket(options, url);
    const timer = setTimeout(() => wire.#fail(new UpgradeError(0, `no upgrade within ${OPEN_WITHIN_MS / 1000} s`)), OPEN_WITHIN_MS);
    try {
      await wire.#upgrade(url, options.protocols ?? []);
    } finally {
      clearTimeout(timer);
    }
    return wire;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Bytes the kernel has not taken yet: while there are any, frames that were sent may not be written to. */
  get waitingBytes(): number {
    return this.#stream.waitingBytes;
  }

  /** Sends a whole frame, see `preparedFrame`; nothing where the connection is over. */
  send(frame: Buffer): void {
    if (this.#state === 'open') this.#stream.write(frame);
  }

  /** Sends a text message. */
  sendText(text: string): void {
    this.send(clientFrame(OPCODE.text, text));
  }

  /** What is sent until `uncork` leaves in one write. */
  cork(): void {
    this.#stream.cork();
  }

  uncork(): void {
    this.#stream.uncork();
  }

  /** Stops reading, as a device does that is too slow, until `resume`. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Closes in agreement with the server. */
  close(code = 1000): void {
    if (this.#state !== 'open') {
      this.#stream.destroy();
      return;
    }
    const body = Buffer.alloc(2);
    body.writeUInt16BE(code);
    this.#sayClose(body);
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#stream.destroy();
  }

  #upgrade(url: URL, protocols: readonly string[]): Promise<void> {
    const key = randomBytes(16).toString('base64');
    const lines = [
      `GET ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`, ...(protocols.length === 0 ? [] : [`Sec-WebSocket-Protocol: ${protocols.join(', ')}`]),
    ];
    const accept = createHash('sha1').update(key + ACCEPT_GUID).digest('base64');
    return new Promise((resolve, reject) => {
      this.#opened = { resolve, reject, accept };
      this.#stream.write(Buffer.from(`${lines.join('\r\n')}${HEAD_END}`));
    });
  }

  #receive(bytes: Buffer): void {
    if (this.#state === 'opening') return this.#receiveHead(bytes);
    if (this.#state === 'open') this.#decode(bytes);
  }

  #decode(bytes: Buffer): void {
    try {
      this.#decoder.push(bytes);
    } catch (error) {
      this.#closing = { code: CUT, reason: messageOf(error) };
      this.#stream.destroy();
    }
  }

  #receiveHead(bytes: Buffer): void {
    // Latin-1 keeps every byte as one letter: what follows the head can be cut off by its length.
    this.#head += bytes.toString('latin1');
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#head.slice(0, end);
    const rest = Buffer.from(this.#head.slice(end + HEAD_END.length), 'latin1');
    this.#head = '';
    const status = Number(head.split(' ', 2)[1]);
    const accept = /^sec-websocket-accept: *(\S+) *$/im.exec(head)?.[1];
    if (status !== 101) return this.#fail(new UpgradeError(status, `the upgrade was refused with HTTP ${status} ${rest.toString()}`.trim()));
    if (accept !== this.#opened?.accept) return this.#fail(new UpgradeError(status, 'what answered the upgrade is no WebSocket server'));
    this.#state = 'open';
    this.#opened?.resolve();
    if (rest.length > 0) this.#decode(rest);
  }

  #fail(error: UpgradeError): void {
    this.#opened?.reject(error);
    this.#state = 'closed';
    this.#stream.destroy();
  }

  #message(payload: Buffer, opcode: number): void {
    switch (opcode) {
      case OPCODE.binary:
        return this.#options.onMessage(payload, false);
      case OPCODE.text:
        return this.#options.onMessage(payload, true);
      case OPCODE.ping:
        return this.send(clientFrame(OPCODE.pong, payload));
      case OPCODE.close:
        this.#closing ??= { code: payload.length < 2 ? NO_CODE : payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
        this.#sayClose(payload.subarray(0, 2));
        this.#stream.end();
        return;
      default:
    }
  }

  #sayClose(body: Buffer): void {
    if (this.#hasSaidClose) return;
    this.#hasSaidClose = true;
    this.send(clientFrame(OPCODE.close, body));
  }

  #ended(error?: Error): void {
    if (this.#state === 'opening') return this.#fail(new UpgradeError(0, error?.message ?? 'the connection was closed before the upgrade', { cause: error }));
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const { code, reason } = this.#closing ?? { code: CUT, reason: error?.message ?? 'the connection was cut' };
    this.#options.onClose?.(code, reason);
  }
}

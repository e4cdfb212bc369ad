import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import type { ByteStream, OpenStream, StreamAddress, StreamListener } from './byte-stream.ts';

const READ_BYTES = 65_536;

/** Opens streams over Node's own sockets: everywhere, with TLS too. All of them read into the same bytes, since reading is synchronous. */
export function nodeStreams(): OpenStream {
  const readBuffer = Buffer.allocUnsafe(READ_BYTES);
  return (address, listener) => new NodeStream(connected(address, readBuffer, listener), listener);
}

class NodeStream implements ByteStream {
  readonly #socket: Socket;

  constructor(socket: Socket, listener: StreamListener) {
    this.#socket = socket;
    socket.setNoDelay(true);
    let failure: Error | undefined;
    socket.on('error', (error) => (failure = error));
    socket.on('close', () => listener.onClosed(failure));
  }

  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function connected({ host, port, isSecure }: StreamAddress, readBuffer: Buffer, listener: StreamListener): Socket {
  if (isSecure) return connectSecurely({ host, port, servername: host }).on('data', (bytes: Buffer) => listener.onBytes(bytes));
  const callback = (bytes: number, buffer: Uint8Array): boolean => {
    listener.onBytes(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
    return true;
  };
  return connectPlain({ host, port, onread: { buffer: readBuffer, callback } });
}

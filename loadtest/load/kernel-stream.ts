import { isIPv4 } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { ByteStream, OpenStream, StreamAddress, StreamListener } from './byte-stream.ts';
import { KernelPoll, type Watch } from './kernel-poll.ts';
import { LINUX, loadLibc, type Libc } from './libc.ts';
import { nodeStreams } from './node-stream.ts';

const READ_BYTES = 65_536;
const SEND_FLAGS = LINUX.MSG_DONTWAIT | LINUX.MSG_NOSIGNAL;
const FAILED = LINUX.EPOLLERR | LINUX.EPOLLHUP;
const ON = Buffer.from([1, 0, 0, 0]);

/** What all streams of a process share; they read into the same bytes, since reading is synchronous. */
interface Kernel {
  readonly libc: Libc;
  readonly poll: KernelPoll;
  readonly readBuffer: Buffer;
}

/**
 * Opens streams straight through the kernel's sockets, which costs a process of callers half of what Node's cost it; Node's own
 * where that cannot be: TLS, names and IPv6 addresses, other systems than Linux.
 */
export function kernelStreams(): OpenStream {
  const openThroughNode = nodeStreams();
  const libc = loadLibc();
  if (libc === undefined) return openThroughNode;
  const kernel: Kernel = { libc, poll: new KernelPoll(libc), readBuffer: Buffer.allocUnsafe(READ_BYTES) };
  return (address, listener) => (address.isSecure || !isIPv4(address.host) ? openThroughNode(address, listener) : new KernelStream(kernel, address, listener));
}

class KernelStream implements ByteStream {
  readonly #kernel: Kernel;
  readonly #listener: StreamListener;
  readonly #fd: number;
  readonly #watch: Watch;
  #state: 'connecting' | 'open' | 'ending' | 'closed' = 'connecting';
  /** What the kernel did not take, in order. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isCorked = false;
  #isPaused = false;

  constructor(kernel: Kernel, address: StreamAddress, listener: StreamListener) {
    const { libc, poll } = kernel;
    this.#kernel = kernel;
    this.#listener = listener;
    this.#fd = libc.socket(LINUX.AF_INET, LINUX.SOCK_STREAM | LINUX.SOCK_NONBLOCK | LINUX.SOCK_CLOEXEC, 0);
    if (this.#fd < 0) throw systemError('socket', libc.errno());
    libc.setsockopt(this.#fd, LINUX.IPPROTO_TCP, LINUX.TCP_NODELAY, ON, ON.length);
    const target = socketAddress(address);
    // A connection that is refused at once is told by the poll as well.
    libc.connect(this.#fd, target, target.length);
    this.#watch = poll.watch(this.#fd, LINUX.EPOLLIN | LINUX.EPOLLOUT, (events) => this.#ready(events));
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get #isOver(): boolean {
    return this.#state === 'closed';
  }

  write(bytes: Buffer): void {
    if (this.#state === 'closed' || this.#state === 'ending') return;
    const isHeld = this.#state === 'connecting' || this.#isCorked || this.#waitingBytes > 0;
    const sent = isHeld ? 0 : this.#send(bytes);
    if (sent < bytes.length) this.#hold(bytes.subarray(sent));
  }

  cork(): void {
    this.#isCorked = true;
  }

  uncork(): void {
    this.#isCorked = false;
    if (this.#state !== 'connecting') this.#flush();
  }

  pause(): void {
    this.#isPaused = true;
    this.#expect();
  }

  resume(): void {
    this.#isPaused = false;
    this.#expect();
  }

  end(): void {
    if (this.#state !== 'open') return this.#close();
    this.#state = 'ending';
    this.#endWhenSent();
  }

  destroy(): void {
    this.#close();
  }

  #ready(events: number): void {
    if (this.#state === 'connecting') this.#connected();
    // Of a connection that has failed the last words are read, and the failure, whether somebody wants to read or not.
    const isToRead = (events & FAILED) !== 0 || ((events & LINUX.EPOLLIN) !== 0 && !this.#isPaused);
    if (isToRead && !this.#isOver) this.#receive();
    if ((events & LINUX.EPOLLOUT) !== 0 && !this.#isOver) this.#flush();
  }

  #connected(): void {
    const { libc } = this.#kernel;
    const error = Buffer.alloc(4);
    const length = Buffer.from([4, 0, 0, 0]);
    libc.getsockopt(this.#fd, LINUX.SOL_SOCKET, LINUX.SO_ERROR, error, length);
    const errno = error.readInt32LE();
    if (errno !== 0) return this.#close(systemError('connect', errno));
    this.#state = 'open';
    this.#expect();
    this.#flush();
  }

  #receive(): void {
    const { libc, readBuffer } = this.#kernel;
    const bytes = libc.recv(this.#fd, readBuffer, readBuffer.length, LINUX.MSG_DONTWAIT);
    if (bytes > 0) return this.#listener.onBytes(readBuffer.subarray(0, bytes));
    if (bytes === 0) return this.#close();
    const errno = libc.errno();
    if (errno !== LINUX.EAGAIN && errno !== LINUX.EINTR) this.#close(systemError('read', errno));
  }

  /** Answers how many bytes the kernel took. */
  #send(bytes: Buffer): number {
    const { libc } = this.#kernel;
    const sent = libc.send(this.#fd, bytes, bytes.length, SEND_FLAGS);
    if (sent >= 0) return sent;
    const errno = libc.errno();
    if (errno !== LINUX.EAGAIN && errno !== LINUX.EINTR) this.#close(systemError('write', errno));
    return 0;
  }

  #hold(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#isCorked) this.#expect();
  }

  #flush(): void {
    if (this.#isCorked || this.#waitingBytes === 0) return;
    const bytes = this.#waiting.length === 1 ? this.#waiting[0] : Buffer.concat(this.#waiting);
    if (bytes === undefined) return;
    const sent = this.#send(bytes);
    this.#waiting = sent < bytes.length ? [bytes.subarray(sent)] : [];
    this.#waitingBytes = bytes.length - sent;
    this.#expect();
    this.#endWhenSent();
  }

  #endWhenSent(): void {
    if (this.#state === 'ending' && this.#waitingBytes === 0) this.#kernel.libc.shutdown(this.#fd, LINUX.SHUT_WR);
  }

  /** Waits for what can be used: nobody reads while paused, and nothing may be written most of the time. */
  #expect(): void {
    if (this.#isOver || this.#state === 'connecting') return;
    this.#watch.change((this.#isPaused ? 0 : LINUX.EPOLLIN) | (this.#waitingBytes > 0 ? LINUX.EPOLLOUT : 0));
  }

  #close(error?: Error): void {
    if (this.#isOver) return;
    this.#state = 'closed';
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#watch.forget();
    this.#kernel.libc.close(this.#fd);
    setImmediate(() => this.#listener.onClosed(error));
  }
}

function systemError(call: string, errno: number): Error {
  return new Error(`${call} ${getSystemErrorName(-errno)}`);
}

/** `struct sockaddr_in` (ip(7)): family in the machine's order, port and address in the network's. */
function socketAddress({ host, port }: StreamAddress): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(LINUX.AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(host.split('.').map(Number), 4);
  return bytes;
}

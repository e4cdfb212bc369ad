import { readBinaryFrame, type BinaryFrame } from '../protocol/binary-frame.ts';
import { AFTER_PARAMETER, type AgentMessage } from '../protocol/native-message.ts';
import type { ClientClock } from './client-clock.ts';
import type { VoiceSocket, VoiceSocketConstructor } from './voice-socket.ts';

/** A clock that goes on only where a test says so. */
export class FakeClock implements ClientClock {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets so much time pass; everything due is called, in order. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const [due] = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((one, other) => one.atMs - other.atMs);
      if (due === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.callback();
    }
    this.#nowMs = untilMs;
  }
}

/** What a client sent, decoded. */
export type Sent = (BinaryFrame & { readonly type?: undefined }) | (Readonly<Record<string, unknown>> & { readonly type: unknown });

const FORMAT = { encoding: 'pcm16', sample_rate: 16000 } as const;

interface SocketEvent {
  readonly data: unknown;
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

/** A socket whose other side is the test. */
export class FakeSocket implements VoiceSocket {
  binaryType = 'blob';
  readyState = 0;
  bufferedAmount = 0;
  readonly url: string;
  readonly protocols: readonly string[];
  readonly sent: Sent[] = [];
  /** Called with everything sent; the network's default puts it into `sent` alone. */
  onSent: (sent: Sent) => void = () => undefined;
  closedBy: 'client' | 'server' | undefined;
  readonly #listeners: { readonly type: string; readonly listener: (event: SocketEvent) => void }[] = [];

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.push({ type, listener });
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 1) throw new Error('sent on a socket that is not open');
    const frame = typeof data === 'string' ? (JSON.parse(data) as Sent) : readBinaryFrame(Uint8Array.from(data));
    if (typeof frame === 'string') throw new Error(`sent a bad frame: ${frame}`);
    this.sent.push(frame);
    this.onSent(frame);
  }

  close(code = 1005, reason = ''): void {
    this.#closed('client', code, reason);
  }

  /** The other side accepts. */
  accept(): void {
    this.readyState = 1;
    this.#emit('open', {});
  }

  say(message: AgentMessage | Record<string, unknown>): void {
    if (this.readyState === 1) this.#emit('message', { data: JSON.stringify(message) });
  }

  sayBytes(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.readyState === 1) this.#emit('message', { data: bytes.buffer });
  }

  /** Accepts and says `ready`. */
  becomeReady(committed = 0, received = committed, resumeToken = 'ticket'): void {
    this.accept();
    const resume = { token: resumeToken, expires_at: '2100-01-01T00:00:00Z' };
    this.say({ type: 'ready', seq: this.after, session_id: 's1', audio: { input: FORMAT, output: FORMAT }, ingress: { committed, received }, resume });
  }

  /** Ends from the other side, 1006 being a cut. */
  end(code = 1006, reason = '', failure = ''): void {
    if (failure !== '') this.#emit('error', { message: failure });
    this.#closed('server', code, reason);
  }

  /** The `after` of its URL. */
  get after(): number {
    return Number(new URL(this.url).searchParams.get(AFTER_PARAMETER));
  }

  /** Numbers of the audio and texts sent. */
  get numbers(): number[] {
    return this.sent.flatMap((sent) => (sent.type === undefined || sent.type === 'text' ? [Number(sent.seq)] : []));
  }

  #closed(by: 'client' | 'server', code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.closedBy = by;
    this.#emit('close', { code, reason });
  }

  #emit(type: string, event: Partial<SocketEvent>): void {
    const whole = { data: undefined, code: 0, reason: '', message: '', ...event };
    for (const { listener } of this.#listeners.filter((each) => each.type === type)) listener(whole);
  }
}

/** Opens fake sockets and remembers them. */
export class FakeNetwork {
  readonly sockets: FakeSocket[] = [];
  /** Called for each socket, once whoever made it has returned to the clock. */
  onSocket: (socket: FakeSocket) => void = () => undefined;

  /** The constructor that clients are given. */
  get socket(): VoiceSocketConstructor {
    const opened = (socket: FakeSocket): void => {
      this.sockets.push(socket);
      this.onSocket(socket);
    };
    return class extends FakeSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        opened(this);
      }
    };
  }

  /** The socket opened last. */
  get newest(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  }
}

import { readBinaryFrame } from '../protocol/binary-frame.ts';
import { NATIVE_SUBPROTOCOL, RESUME_SUBPROTOCOL_PREFIX, TOKEN_SUBPROTOCOL_PREFIX, type AgentMessage, type CallerMessage } from '../protocol/native-message.ts';
import { readAgentMessage } from './agent-message.ts';
import type { ClientClock } from './client-clock.ts';
import { SilenceWatch, type SilenceLimits } from './silence-watch.ts';
import { SOCKET_OPEN, type VoiceSocket, type VoiceSocketConstructor } from './voice-socket.ts';

/** Agent audio, in the session's output format, however it travelled. */
export interface AgentAudio {
  readonly seq: number;
  /** Its place in the reply; 0 begins a reply. */
  readonly timestampMs: number;
  /** May be a view into a received message. */
  readonly bytes: Uint8Array;
}

/** Everything on the wire but audio. */
export type AgentSpeechless = Exclude<AgentMessage, { type: 'audio' }>;

/** Why a connection is no more. `reason` is the gateway's, or the socket's own words where no gateway was reached. */
export interface ConnectionEnd {
  readonly code: number;
  readonly reason: string;
  /** What the socket itself complained of; empty where it said nothing. */
  readonly failure: string;
}

/** Whom a connection tells; never again once it told `onEnd` or was left. */
export interface ConnectionListener {
  onOpen(connection: Connection): void;
  onMessage(connection: Connection, message: AgentSpeechless): void;
  onAudio(audio: AgentAudio): void;
  onUnknown(message: string): void;
  onEnd(connection: Connection, end: ConnectionEnd): void;
}

export interface ConnectionOptions {
  readonly socket: VoiceSocketConstructor;
  readonly url: string;
  readonly token: string | undefined;
  readonly resumeToken: string | undefined;
  /** An upgrade that takes longer has failed. */
  readonly openWithinMs: number;
  readonly silence: SilenceLimits;
  readonly clock: ClientClock;
}

const UNKNOWN_EXCERPT_CHARS = 200;
/** As browsers call a connection that ended without a word. */
const CUT = 1006;
/** Said to a gateway whose caller has gone on at another one. */
const MOVED = { code: 4000, reason: 'Moved to a newer connection' };
/** So long may the other side take to agree that a connection has ended. */
export const LEAVE_WITHIN_MS = 1000;

/** One socket to one gateway: opened, decoded, watched for silence. */
export class Connection {
  readonly #socket: VoiceSocket;
  readonly #clock: ClientClock;
  readonly #watch: SilenceWatch;
  #listener: ConnectionListener | undefined;
  #cancelTimer: () => void;
  #failure = '';

  /** Begins to connect. Throws what the socket's constructor throws: a URL that is none. */
  constructor(options: ConnectionOptions, listener: ConnectionListener) {
    const { clock, token, resumeToken } = options;
    this.#listener = listener;
    this.#clock = clock;
    this.#watch = new SilenceWatch(options.silence, clock.nowMs());
    const protocols = [NATIVE_SUBPROTOCOL];
    if (token !== undefined) protocols.push(TOKEN_SUBPROTOCOL_PREFIX + token);
    if (resumeToken !== undefined) protocols.push(RESUME_SUBPROTOCOL_PREFIX + resumeToken);
    this.#socket = new options.socket(options.url, protocols);
    this.#socket.binaryType = 'arraybuffer';
    this.#listen(this.#socket);
    this.#cancelTimer = clock.after(options.openWithinMs, () => this.#giveUp('the gateway did not answer in time'));
  }

  get isOpen(): boolean {
    return this.#listener !== undefined && this.#socket.readyState === SOCKET_OPEN;
  }

  /** Bytes that wait for the network. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Only while `isOpen`. */
  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  /** As JSON; answers whether the connection was open. */
  tell(message: CallerMessage): boolean {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Asks for a sign of life now, and ends where none comes. */
  doubt(): void {
    if (!this.isOpen) return;
    this.#cancelTimer();
    this.#lookForLife(true);
  }

  /** Closes in agreement with the other side; `onEnd` follows. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /** Ends without a word to the listener: another connection has taken over, or nobody wants to know any more. */
  leave(): void {
    this.#listener = undefined;
    this.#cancelTimer();
    this.#socket.close(MOVED.code, MOVED.reason);
    this.#clock.after(LEAVE_WITHIN_MS, () => this.#socket.terminate?.());
  }

  #listen(socket: VoiceSocket): void {
    socket.addEventListener('open', () => {
      if (this.#listener === undefined) return;
      this.#cancelTimer();
      this.#watch.heard(this.#clock.nowMs());
      this.#lookForLife();
      this.#listener.onOpen(this);
    });
    socket.addEventListener('message', (event) => this.#receive(event.data));
    socket.addEventListener('error', (event) => {
      this.#failure = messageOf(event);
    });
    socket.addEventListener('close', ({ code, reason }) => this.#end({ code, reason: reason || this.#failure, failure: this.#failure }));
  }

  #lookForLife(isDoubted = false): void {
    const verdict = this.#watch.check(this.#clock.nowMs(), isDoubted);
    if (verdict.action === 'dead') return this.#giveUp('the connection fell silent');
    if (verdict.action === 'ping') this.tell({ type: 'ping' });
    this.#cancelTimer = this.#clock.after(verdict.checkInMs, () => this.#lookForLife());
  }

  #giveUp(reason: string): void {
    const socket = this.#socket;
    this.#end({ code: CUT, reason, failure: reason });
    // A dead peer agrees to nothing: whoever can does not wait for it.
    if (socket.terminate === undefined) socket.close(MOVED.code, MOVED.reason);
    else socket.terminate();
  }

  #end(end: ConnectionEnd): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#cancelTimer();
    listener?.onEnd(this, end);
  }

  #receive(data: unknown): void {
    if (this.#listener === undefined) return;
    this.#watch.heard(this.#clock.nowMs());
    if (data instanceof ArrayBuffer) this.#receiveBinary(new Uint8Array(data), this.#listener);
    else if (typeof data === 'string') this.#receiveText(data, this.#listener);
  }

  #receiveBinary(bytes: Uint8Array, listener: ConnectionListener): void {
    const frame = readBinaryFrame(bytes);
    if (typeof frame === 'string') listener.onUnknown(`binary message with a bad header: ${frame}`);
    else listener.onAudio({ seq: frame.seq, timestampMs: frame.timestampMs, bytes: frame.payload });
  }

  #receiveText(text: string, listener: ConnectionListener): void {
    const message = readAgentMessage(text);
    if (message === undefined) return listener.onUnknown(text.slice(0, UNKNOWN_EXCERPT_CHARS));
    if (message.type !== 'audio') return listener.onMessage(this, message);
    const bytes = bytesOfBase64(message.data);
    if (bytes === undefined) listener.onUnknown('audio message whose data is not base64');
    else listener.onAudio({ seq: message.seq, timestampMs: message.timestamp, bytes });
  }
}

function bytesOfBase64(data: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  } catch {
    // atob throws on what is not base64; the listener is told through the missing bytes.
    return undefined;
  }
}

function messageOf(event: object): string {
  return 'message' in event && typeof event.message === 'string' ? event.message : '';
}

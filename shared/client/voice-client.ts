import { audioMs, DEFAULT_AUDIO_FORMAT, type AudioFormat } from '../protocol/audio-format.ts';
import { BINARY_KIND, readBinaryFrame, writeBinaryFrame } from '../protocol/binary-frame.ts';
import {
  NATIVE_SUBPROTOCOL,
  TOKEN_SUBPROTOCOL_PREFIX,
  type AgentMessage,
  type CallerMessage,
  type WireFormat,
} from '../protocol/native-message.ts';
import { readAgentMessage } from './agent-message.ts';
import { SOCKET_OPEN, type VoiceSocket, type VoiceSocketConstructor } from './voice-socket.ts';

/** Where one connection stands; only `closed` is final. */
export type VoiceClientState =
  | { readonly name: 'connecting' }
  /** The socket is open; the session is still being given to a worker. */
  | { readonly name: 'open' }
  /** What is sent now is heard. */
  | { readonly name: 'ready'; readonly sessionId: string; readonly input: AudioFormat; readonly output: AudioFormat }
  /** `reason` is the gateway's, or the socket's own words where the gateway was not reached. */
  | { readonly name: 'closed'; readonly code: number; readonly reason: string };

/** Agent audio, in the session's output format, however it travelled. */
export interface AgentAudio {
  readonly seq: number;
  /** Its place in the reply; 0 begins a reply. */
  readonly timestampMs: number;
  /** May be a view into a received message. */
  readonly bytes: Uint8Array;
}

/** Everything the agent tells but audio. */
export type AgentNotice = Exclude<AgentMessage, { type: 'audio' }>;

/** Whom a client tells; each member may be left out. Called in the order in which messages came. */
export interface VoiceClientListener {
  onState?(state: VoiceClientState): void;
  onNotice?(notice: AgentNotice): void;
  onAudio?(audio: AgentAudio): void;
  /** A message of a kind this client does not know came in and was passed over. */
  onUnknown?(message: string): void;
}

export interface VoiceClientOptions {
  /** `ws_url` of the session. */
  readonly url: string;
  /** The session's token, sent as a pseudo-subprotocol because browsers cannot set headers. */
  readonly token?: string;
  readonly socket: VoiceSocketConstructor;
  readonly listener: VoiceClientListener;
  /** Audio is dropped while more than this waits for the network; 320,000 bytes (10 s of 16 kHz PCM16) where absent. */
  readonly maxBufferedBytes?: number;
}

const DEFAULT_MAX_BUFFERED_BYTES = 320_000;
const NORMAL_CLOSE = 1000;
const DEFAULT_PRIORITY = 1;
const UNKNOWN_EXCERPT_CHARS = 200;

/** One connection to a session over the native wire, `/ws/<session_id>`, for browsers and Node alike. */
export class VoiceClient {
  readonly #socket: VoiceSocket;
  readonly #listener: VoiceClientListener;
  readonly #maxBufferedBytes: number;
  #state: VoiceClientState = { name: 'connecting' };
  #audioSeq = 0;
  #mediaMs = 0;
  #droppedFrames = 0;
  #failure = '';

  /** Begins to connect. Throws what the socket's constructor throws: a URL that is none. */
  constructor(options: VoiceClientOptions) {
    this.#listener = options.listener;
    this.#maxBufferedBytes = options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES;
    const protocols = [NATIVE_SUBPROTOCOL];
    if (options.token !== undefined) protocols.push(TOKEN_SUBPROTOCOL_PREFIX + options.token);
    const socket = new options.socket(options.url, protocols);
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => this.#enter({ name: 'open' }));
    socket.addEventListener('message', (event) => this.#receive(event.data));
    socket.addEventListener('error', (event) => {
      this.#failure = messageOf(event);
    });
    socket.addEventListener('close', (event) => this.#enter({ name: 'closed', code: event.code, reason: event.reason || this.#failure }));
    this.#socket = socket;
  }

  get state(): VoiceClientState {
    return this.#state;
  }

  /** Audio frames not sent because the network did not keep up. */
  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  /**
   * Sends audio in the session's input format as one binary frame. Answers whether it was sent: not before `ready`, and
   * not while too much waits for the network; dropped audio still moves the media timestamp on, so the hole is visible.
   */
  sendAudio(bytes: Uint8Array): boolean {
    if (this.#state.name !== 'ready' || this.#socket.readyState !== SOCKET_OPEN) return false;
    const timestampMs = Math.round(this.#mediaMs);
    this.#mediaMs += audioMs(this.#state.input, bytes.length);
    if (this.#socket.bufferedAmount + bytes.length > this.#maxBufferedBytes) {
      this.#droppedFrames += 1;
      return false;
    }
    const seq = this.#audioSeq++;
    this.#socket.send(writeBinaryFrame({ kind: BINARY_KIND.audio, priority: DEFAULT_PRIORITY, seq, timestampMs, payload: bytes }));
    return true;
  }

  /** Sends what the caller typed. Like every sender below, answers whether the session was there to take it. */
  sendText(content: string): boolean {
    return this.#send({ type: 'text', content });
  }

  /** Asks the agent to stop. */
  cancel(): boolean {
    return this.#send({ type: 'cancel' });
  }

  /** Asks for a `pong`. */
  ping(): boolean {
    return this.#send({ type: 'ping' });
  }

  /** Tells that everything up to the agent message numbered `seq` was played. */
  played(seq: number): boolean {
    return this.#send({ type: 'played', seq });
  }

  /** Hangs up; `closed` follows once the other side has agreed. */
  close(code = NORMAL_CLOSE, reason = 'Caller hung up'): void {
    if (this.#state.name !== 'closed') this.#socket.close(code, reason);
  }

  #send(message: CallerMessage): boolean {
    if (this.#state.name !== 'ready' || this.#socket.readyState !== SOCKET_OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #receive(data: unknown): void {
    if (data instanceof ArrayBuffer) this.#receiveBinary(new Uint8Array(data));
    else if (typeof data === 'string') this.#receiveText(data);
  }

  #receiveBinary(bytes: Uint8Array): void {
    const frame = readBinaryFrame(bytes);
    if (typeof frame === 'string') this.#listener.onUnknown?.(`binary message with a bad header: ${frame}`);
    else this.#listener.onAudio?.({ seq: frame.seq, timestampMs: frame.timestampMs, bytes: frame.payload });
  }

  #receiveText(text: string): void {
    const message = readAgentMessage(text);
    if (message === undefined) {
      this.#listener.onUnknown?.(text.slice(0, UNKNOWN_EXCERPT_CHARS));
    } else if (message.type === 'audio') {
      this.#receiveBase64(message.data, message.seq, message.timestamp);
    } else {
      if (message.type === 'ready') {
        this.#enter({ name: 'ready', sessionId: message.session_id, input: formatOf(message.audio.input), output: formatOf(message.audio.output) });
      }
      this.#listener.onNotice?.(message);
    }
  }

  #receiveBase64(data: string, seq: number, timestampMs: number): void {
    const bytes = bytesOfBase64(data);
    if (bytes === undefined) this.#listener.onUnknown?.('audio message whose data is not base64');
    else this.#listener.onAudio?.({ seq, timestampMs, bytes });
  }

  #enter(state: VoiceClientState): void {
    if (this.#state.name === 'closed') return;
    this.#state = state;
    this.#listener.onState?.(state);
  }
}

/** The session formats as `POST /sessions` takes them: what both directions of a client speak where nothing else is said. */
export const DEFAULT_WIRE_FORMAT: WireFormat = {
  encoding: DEFAULT_AUDIO_FORMAT.encoding,
  sample_rate: DEFAULT_AUDIO_FORMAT.sampleRateHz,
};

function formatOf(format: WireFormat): AudioFormat {
  return { encoding: format.encoding, sampleRateHz: format.sample_rate };
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

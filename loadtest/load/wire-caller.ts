import { BINARY_HEADER_BYTES, BINARY_KIND, BINARY_VERSION } from '../../shared/protocol/binary-frame.ts';
import { NATIVE_SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../../shared/protocol/native-message.ts';
import { createSession, endSession, SessionRequestError, type SessionRequest } from '../../shared/client/session-request.ts';
import { readAgentMessage } from '../../shared/client/agent-message.ts';
import type { AgentMessage } from '../../shared/protocol/native-message.ts';
import { OPCODE, preparedFrame, type PreparedFrame } from './websocket-frames.ts';
import { WireSocket } from './wire-socket.ts';
import type { CallerLine } from './workload.ts';

/** Whom a caller tells. */
export interface WireCallerListener {
  /** Agent audio: what is after `at` in `message`, which is only good during the call. */
  onAudio?(message: Buffer, at: number, seq: number): void;
  /** Everything else that the agent or the gateway says. */
  onNotice?(notice: AgentMessage): void;
  onClose?(code: number, reason: string): void;
}

export interface WireCallerOptions extends CallerLine {
  readonly session: SessionRequest;
  readonly listener: WireCallerListener;
  /** Of every audio message: 0 urgent, 1 normal, 2 bulk. */
  readonly priority?: number;
}

const SEQ_AT = 4;
const TIMESTAMP_AT = 8;

/**
 * A caller on the native wire with as little between its frames and the socket as can be. It knows neither resuming nor
 * what to do when its connection ends: `VoiceClient` does.
 */
export class WireCaller {
  readonly sessionId: string;
  readonly #options: WireCallerOptions;
  readonly #prepared = new Map<number, PreparedFrame>();
  #socket: WireSocket | undefined;
  #seq = 0;
  /** The seq of the newest of the agent's own messages. */
  #heardSeq = 0;
  #missedMessages = 0;

  /** Use `WireCaller.call`. */
  constructor(sessionId: string, options: WireCallerOptions) {
    this.sessionId = sessionId;
    this.#options = options;
  }

  /** Creates a session and connects to it. Throws SessionRequestError or UpgradeError. */
  static async call(options: WireCallerOptions): Promise<WireCaller> {
    const { url, session, apiKey, openStream } = options;
    const { session_id: sessionId, token } = await createSession(url, session, apiKey);
    const caller = new WireCaller(sessionId, options);
    const address = new URL(`/ws/${encodeURIComponent(sessionId)}`, url);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const protocols = apiKey === undefined ? [NATIVE_SUBPROTOCOL] : [NATIVE_SUBPROTOCOL, `${TOKEN_SUBPROTOCOL_PREFIX}${token}`];
    caller.#socket = await WireSocket.open({
      url: address.href, protocols, openStream,
      onMessage: (payload, isText) => caller.#receive(payload, isText),
      onClose: (code, reason) => options.listener.onClose?.(code, reason),
    });
    return caller;
  }

  /** The connection itself, for those that treat it badly. */
  get socket(): WireSocket {
    if (this.#socket === undefined) throw new Error('the caller is not connected yet');
    return this.#socket;
  }

  /** Messages of the agent that never came, by their numbers. */
  get missedMessages(): number {
    return this.#missedMessages;
  }

  /**
   * Sends `bytes` of audio as one binary message; `write` puts them into `frame` from `at` on, where what was sent last may
   * still stand. Answers whether it could be sent.
   */
  sendAudio(bytes: number, write: (frame: Buffer, at: number) => void): boolean {
    const socket = this.#socket;
    if (socket?.isOpen !== true) return false;
    const { bytes: frame, payloadAt } = this.#frameOf(bytes);
    this.#seq += 1;
    frame.writeUInt32LE(this.#seq, payloadAt + SEQ_AT);
    frame.writeUInt32LE((this.#seq * 20) >>> 0, payloadAt + TIMESTAMP_AT);
    write(frame, payloadAt + BINARY_HEADER_BYTES);
    socket.send(frame);
    // What the kernel did not take at once is still to be read from these bytes.
    if (socket.waitingBytes > 0) this.#prepared.delete(bytes);
    return true;
  }

  /** Sends a JSON message. */
  tell(message: object): void {
    this.#socket?.sendText(JSON.stringify(message));
  }

  /** Hangs up and ends the session; a gateway that is gone or knows no such session is none of the caller's business. */
  async hangUp(): Promise<void> {
    this.#socket?.close();
    try {
      await endSession(this.#options.url, this.sessionId, this.#options.apiKey);
    } catch (error) {
      // Load is over by now: a session that cannot be ended expires by itself.
      if (!(error instanceof SessionRequestError)) throw error;
    }
  }

  #frameOf(bytes: number): PreparedFrame {
    const known = this.#prepared.get(bytes);
    if (known !== undefined) return known;
    const made = preparedFrame(OPCODE.binary, BINARY_HEADER_BYTES + bytes);
    made.bytes[made.payloadAt] = BINARY_VERSION;
    made.bytes[made.payloadAt + 1] = BINARY_KIND.audio;
    made.bytes[made.payloadAt + 2] = this.#options.priority ?? 1;
    this.#prepared.set(bytes, made);
    return made;
  }

  #receive(payload: Buffer, isText: boolean): void {
    if (isText) return this.#receiveText(payload);
    if (payload.length < BINARY_HEADER_BYTES) return;
    const seq = payload.readUInt32LE(SEQ_AT);
    this.#count(seq);
    this.#options.listener.onAudio?.(payload, BINARY_HEADER_BYTES, seq);
  }

  #receiveText(payload: Buffer): void {
    const message = readAgentMessage(payload.toString());
    if (message === undefined) return;
    this.#count(message.seq);
    this.#options.listener.onNotice?.(message);
  }

  /** What a gateway says itself carries the number of the message before it. */
  #count(seq: number): void {
    if (this.#heardSeq > 0 && seq > this.#heardSeq + 1) this.#missedMessages += seq - this.#heardSeq - 1;
    this.#heardSeq = Math.max(this.#heardSeq, seq);
  }
}

/** Kinds of WebSocket frames (RFC 6455, 5.2). */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const FIN = 0x80;
const MASKED = 0x80;
const MASK_BYTES = 4;
/** Payload lengths that say that the length follows in 2 or 8 bytes. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** A client's frame whose payload is still to be written: `bytes` from `payloadAt` on. */
export interface PreparedFrame {
  readonly bytes: Buffer;
  readonly payloadAt: number;
}

/**
 * Makes room for a message of `payloadBytes` from a client. The frame is masked, as it must be, by zeros: what is written
 * into it is what goes out, so that one buffer serves many messages.
 */
export function preparedFrame(opcode: number, payloadBytes: number): PreparedFrame {
  const extended = payloadBytes < LENGTH_16 ? 0 : payloadBytes <= 0xffff ? 2 : 8;
  const payloadAt = 2 + extended + MASK_BYTES;
  const bytes = Buffer.alloc(payloadAt + payloadBytes);
  bytes[0] = FIN | opcode;
  bytes[1] = MASKED | (extended === 0 ? payloadBytes : extended === 2 ? LENGTH_16 : LENGTH_64);
  if (extended === 2) bytes.writeUInt16BE(payloadBytes, 2);
  if (extended === 8) bytes.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return { bytes, payloadAt };
}

/** A client's frame with this payload. */
export function clientFrame(opcode: number, payload: Uint8Array | string): Buffer {
  const content = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const { bytes, payloadAt } = preparedFrame(opcode, content.length);
  bytes.set(content, payloadAt);
  return bytes;
}

/** Hears of each message; `payload` is only good during the call. Control frames (close, ping, pong) come as messages too. */
export type OnMessage = (payload: Buffer, opcode: number) => void;

/** Cuts a server's bytes into messages. Throws Error where they are no frames that a server may send. */
export class FrameDecoder {
  readonly #onMessage: OnMessage;
  /** Bytes of a frame that is not whole yet. */
  #rest: Buffer | undefined;
  /** The beginning of a message that comes in several frames. */
  #parts: { readonly opcode: number; readonly payloads: Buffer[] } | undefined;

  constructor(onMessage: OnMessage) {
    this.#onMessage = onMessage;
  }

  /** Takes the next bytes, which may be used again by their owner afterwards. */
  push(bytes: Buffer): void {
    let data = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#rest = undefined;
    for (let length = this.#frame(data); length > 0; length = this.#frame(data)) data = data.subarray(length);
    if (data.length > 0) this.#rest = Buffer.from(data);
  }

  /** Takes one frame from the front; answers its length, 0 where it is not whole. */
  #frame(data: Buffer): number {
    const first = data[0];
    const second = data[1];
    if (first === undefined || second === undefined) return 0;
    if ((second & MASKED) !== 0) throw new Error('the server sent a masked frame');
    const headerBytes = second === LENGTH_16 ? 4 : second === LENGTH_64 ? 10 : 2;
    if (data.length < headerBytes) return 0;
    const payloadBytes = second === LENGTH_16 ? data.readUInt16BE(2) : second === LENGTH_64 ? Number(data.readBigUInt64BE(2)) : second;
    const end = headerBytes + payloadBytes;
    if (data.length < end) return 0;
    this.#take(first, data.subarray(headerBytes, end));
    return end;
  }

  #take(first: number, payload: Buffer): void {
    const opcode = first & 0x0f;
    const isWhole = (first & FIN) !== 0;
    if (isWhole && opcode !== OPCODE.continuation) return this.#onMessage(payload, opcode);
    if (opcode !== OPCODE.continuation) this.#parts = { opcode, payloads: [] };
    const parts = this.#parts;
    if (parts === undefined) throw new Error('the server went on with a message that it had not begun');
    parts.payloads.push(Buffer.from(payload));
    if (!isWhole) return;
    this.#parts = undefined;
    this.#onMessage(Buffer.concat(parts.payloads), parts.opcode);
  }
}

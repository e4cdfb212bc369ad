/**
 * The header before every binary message of the native wire, little-endian:
 * [version u8 = 1][kind u8][priority u8][flags u8][seq u32][timestamp ms u32] then the payload.
 * Caller → agent: `seq` is the sender's own count, `timestamp` its media clock.
 * Agent → caller: `seq` is the egress sequence number, `timestamp` the audio's place in the reply.
 */
export const BINARY_HEADER_BYTES = 12;
export const BINARY_VERSION = 1;

/** What a binary frame carries. */
export const BINARY_KIND = { audio: 1 } as const;

/** Bits of a binary frame's flags; the others are reserved and 0. */
export const BINARY_FLAG = {
  /** Sent before, on an earlier connection: its age is no sign of overload. */
  resent: 1,
} as const;

export interface BinaryFrame {
  readonly kind: number;
  readonly priority: number;
  /** BINARY_FLAG bits; absent is 0. */
  readonly flags?: number;
  readonly seq: number;
  readonly timestampMs: number;
  readonly payload: Uint8Array;
}

/** Why bytes are no binary frame. */
export type BinaryFrameFault = 'short' | 'version' | 'kind' | 'reserved';

/** Reads a frame; its payload is a view into `bytes`. Never throws: a bad header gives the fault. */
export function readBinaryFrame(bytes: Uint8Array): BinaryFrame | BinaryFrameFault {
  if (bytes.length < BINARY_HEADER_BYTES) return 'short';
  const kind = bytes[1] ?? 0;
  const flags = bytes[3] ?? 0;
  if (bytes[0] !== BINARY_VERSION) return 'version';
  if (kind !== BINARY_KIND.audio) return 'kind';
  if ((flags & ~BINARY_FLAG.resent) !== 0) return 'reserved';
  return { kind, priority: bytes[2] ?? 0, flags, seq: readUInt32(bytes, 4), timestampMs: readUInt32(bytes, 8), payload: bytes.subarray(BINARY_HEADER_BYTES) };
}

/** How many bytes a frame with so much payload takes. */
export function binaryFrameBytes(payloadBytes: number): number {
  return BINARY_HEADER_BYTES + payloadBytes;
}

/** Writes a frame into fresh bytes. */
export function writeBinaryFrame(frame: BinaryFrame): Uint8Array<ArrayBuffer> {
  return writeBinaryFrameInto(frame, new Uint8Array(binaryFrameBytes(frame.payload.length)));
}

/** Writes a frame into `bytes`, which are `binaryFrameBytes` long, and answers with them. */
export function writeBinaryFrameInto<Bytes extends Uint8Array>(frame: BinaryFrame, bytes: Bytes): Bytes {
  bytes[0] = BINARY_VERSION;
  bytes[1] = frame.kind;
  bytes[2] = frame.priority;
  bytes[3] = frame.flags ?? 0;
  writeUInt32(bytes, 4, frame.seq);
  writeUInt32(bytes, 8, frame.timestampMs);
  bytes.set(frame.payload, BINARY_HEADER_BYTES);
  return bytes;
}

/** Little-endian, by hand, as below. */
function readUInt32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

/** Little-endian, by hand: a DataView a frame costs as much as the rest of the header. */
function writeUInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

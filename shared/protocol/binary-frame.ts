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
  if (bytes[0] !== BINARY_VERSION) return 'version';
  if (bytes[1] !== BINARY_KIND.audio) return 'kind';
  if (((bytes[3] ?? 0) & ~BINARY_FLAG.resent) !== 0) return 'reserved';
  const view = new DataView(bytes.buffer, bytes.byteOffset, BINARY_HEADER_BYTES);
  return {
    kind: view.getUint8(1),
    priority: view.getUint8(2),
    flags: view.getUint8(3),
    seq: view.getUint32(4, true),
    timestampMs: view.getUint32(8, true),
    payload: bytes.subarray(BINARY_HEADER_BYTES),
  };
}

/** Writes a frame into fresh bytes. */
export function writeBinaryFrame(frame: BinaryFrame): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BINARY_HEADER_BYTES + frame.payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, BINARY_VERSION);
  view.setUint8(1, frame.kind);
  view.setUint8(2, frame.priority);
  view.setUint8(3, frame.flags ?? 0);
  view.setUint32(4, frame.seq >>> 0, true);
  view.setUint32(8, frame.timestampMs >>> 0, true);
  bytes.set(frame.payload, BINARY_HEADER_BYTES);
  return bytes;
}

/**
 * What travels on the bus between a gateway and a worker: many envelopes packed into one message, a fixed binary header
 * before each payload, little-endian throughout.
 *
 * batch:    [magic u8 'V'][version u8][count u16][flushed-at µs u32] then `count` envelopes
 * envelope: [payload bytes u32][type u8][lane u8][flags u16][slot u32][fence u32][seq u32][stamp µs u32][media ms u32] payload
 */
export const BATCH_HEADER_BYTES = 8;
export const ENVELOPE_HEADER_BYTES = 28;
export const BATCH_MAGIC = 0x56;
export const BATCH_VERSION = 1;

/** What an envelope carries. Ingress types are below 16, egress types from 16 on. */
export const ENVELOPE_TYPE = {
  /** Caller's audio in the session's input format. */
  audio: 1,
  /** Caller's text: msgpack of TextBody. */
  text: 2,
  /** Caller wants the agent to stop. No payload. */
  cancel: 3,
  /** The caller's device played everything up to the egress seq in `seq`. No payload. */
  played: 4,
  /** The caller's connection is gone; the session may be resumed. No payload. */
  gone: 5,
  /** The caller has every egress message up to `seq`: none of them need be kept. No payload. */
  received: 6,
  /** The bus lost egress: send everything after the egress seq in `seq` again. No payload. */
  again: 7,
  /** Agent's audio in the session's output format; `media ms` is its place in the reply. */
  speech: 16,
  /** Something to tell the caller: msgpack of AgentEvent. */
  event: 17,
  /** Everything up to the ingress seq in `seq` is committed. No payload. */
  ack: 18,
  /** The session is over: msgpack of EndedBody. */
  ended: 19,
  /** The worker gave the session up in order; claim it anew. No payload. */
  released: 20,
  /** The bus may have lost ingress: send everything after the ingress seq in `seq` again. No payload. */
  resend: 21,
} as const;
/**
 * Egress types from here on are numbered like speech and events, so that a gateway that does not know one passes it over without
 * taking the number for a hole. Those of 16 to 31 that are to come are not numbered.
 */
export const FIRST_NUMBERED_EGRESS_TYPE = 32;
export type EnvelopeType = (typeof ENVELOPE_TYPE)[keyof typeof ENVELOPE_TYPE];

/** Bits of an envelope's flags. */
export const ENVELOPE_FLAG = {
  /** First audio of an agent turn: ends the turn's mouth-to-ear latency. */
  firstOfTurn: 1,
  /** Sent again, from a replay ring, an egress log or by the caller: its age is no sign of overload. */
  replayed: 2,
  /** A text whose answer the caller has got already: to be stored, not to be answered. */
  answered: 4,
  /** What lies between this seq and the one sent before was given up: the jump is meant, and nothing is to be asked for again. */
  gap: 8,
} as const;

/** Turns are told apart by this much of their number: enough to know the newest reply from those before it. */
const TURN_MODULUS = 256;
const TURN_SHIFT = 8;

/** The upper byte of a `speech` envelope's flags: which turn its audio belongs to, modulo 256. */
export function turnFlags(turn: number): number {
  return (turn % TURN_MODULUS) << TURN_SHIFT;
}

/** The turn of a `speech` envelope's flags, modulo 256. */
export function turnOfFlags(flags: number): number {
  return (flags >>> TURN_SHIFT) % TURN_MODULUS;
}

/** Whether a turn's full number is the one that a `speech` envelope's flags gave modulo 256. */
export function isSameTurn(turn: number, turnModulo: number): boolean {
  return turn % TURN_MODULUS === turnModulo;
}

/** A hole of so many numbers or more: how many they are does not fit. */
export const WIDE_HOLE = 255;
const HOLE_SHIFT = 8;

/** The flags of a caller's frame before which so many numbers were given up; 0 for none. Their upper byte says how many. */
export function holeFlags(numbers: number): number {
  return numbers <= 0 ? 0 : ENVELOPE_FLAG.gap | (Math.min(numbers, WIDE_HOLE) << HOLE_SHIFT);
}

/** How many numbers were given up before a caller's frame with these flags, as far as they say: WIDE_HOLE is so many or more. */
export function holeOfFlags(flags: number): number {
  return (flags & ENVELOPE_FLAG.gap) === 0 ? 0 : flags >>> HOLE_SHIFT;
}

/** One envelope as numbers and bytes. `stampUs` is a wrapping microsecond clock (see `stampUs` in runtime/clock). */
export interface Envelope {
  readonly type: number;
  readonly lane: number;
  readonly flags: number;
  readonly slot: number;
  readonly fence: number;
  readonly seq: number;
  /** Ingress: when the gateway received the frame. Egress: when the worker sent it. */
  readonly stampUs: number;
  readonly mediaMs: number;
  readonly payload: Uint8Array;
}

const SMALLEST_BATCH_BYTES = 1024;
/** More than are given away in one turn of the event loop need no memory kept for them. */
const MOST_GIVEN = 4;

/** Collects envelopes for one subject until they are flushed as one bus message. */
export class BatchEncoder {
  #bytes = Buffer.allocUnsafe(SMALLEST_BATCH_BYTES);
  /** The memory of batches that were given away. */
  readonly #given: Buffer<ArrayBuffer>[] = [];
  #length = BATCH_HEADER_BYTES;
  #count = 0;

  /** Envelopes waiting. */
  get count(): number {
    return this.#count;
  }

  /** Bytes waiting, headers included. */
  get bytes(): number {
    return this.#length;
  }

  /** Appends one envelope, copying its payload. */
  add(envelope: Envelope): void {
    const { payload } = envelope;
    this.#reserve(ENVELOPE_HEADER_BYTES + payload.length);
    const bytes = this.#bytes;
    let at = bytes.writeUInt32LE(payload.length, this.#length);
    at = bytes.writeUInt8(envelope.type, at);
    at = bytes.writeUInt8(envelope.lane, at);
    at = bytes.writeUInt16LE(envelope.flags, at);
    at = bytes.writeUInt32LE(envelope.slot, at);
    at = bytes.writeUInt32LE(envelope.fence, at);
    at = bytes.writeUInt32LE(envelope.seq >>> 0, at);
    at = bytes.writeUInt32LE(envelope.stampUs >>> 0, at);
    at = bytes.writeUInt32LE(envelope.mediaMs >>> 0, at);
    bytes.set(payload, at);
    this.#length = at + payload.length;
    this.#count += 1;
  }

  /**
   * The batch so far. Its bytes are the taker's until `flush` is called with `mayReuse`, which says that nobody looks at any batch
   * given away before: memory of each batch's own is what makes the garbage collector stop everybody.
   */
  flush(flushedAtUs: number, mayReuse = false): Uint8Array {
    const bytes = this.#bytes;
    bytes.writeUInt8(BATCH_MAGIC, 0);
    bytes.writeUInt8(BATCH_VERSION, 1);
    bytes.writeUInt16LE(this.#count, 2);
    bytes.writeUInt32LE(flushedAtUs >>> 0, 4);
    const batch = bytes.subarray(0, this.#length);
    this.#bytes = (mayReuse ? this.#given.pop() : undefined) ?? Buffer.allocUnsafe(Math.max(SMALLEST_BATCH_BYTES, this.#length * 2));
    if (this.#given.length < MOST_GIVEN) this.#given.push(bytes);
    this.#length = BATCH_HEADER_BYTES;
    this.#count = 0;
    return batch;
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

const NO_ENVELOPE: Envelope = { type: 0, lane: 0, flags: 0, slot: 0, fence: 0, seq: 0, stampUs: 0, mediaMs: 0, payload: new Uint8Array(0) };

/** Why a batch could not be read. */
export type BatchFault = 'short' | 'magic' | 'version' | 'truncated';

/**
 * Hands each envelope of a batch to `visit`, with the batch's flush stamp. The envelope is the next one once `visit` has returned: who keeps
 * it copies it. Payloads are views into `batch`. Never throws on bad bytes: returns what was wrong, after the envelopes that were whole.
 */
export function readBatch(
  batch: Uint8Array,
  visit: (envelope: Envelope, flushedAtUs: number) => void,
): BatchFault | undefined {
  if (batch.length < BATCH_HEADER_BYTES) return 'short';
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.length);
  if (bytes.readUInt8(0) !== BATCH_MAGIC) return 'magic';
  if (bytes.readUInt8(1) !== BATCH_VERSION) return 'version';
  const count = bytes.readUInt16LE(2);
  const flushedAtUs = bytes.readUInt32LE(4);
  const envelope: { -readonly [Field in keyof Envelope]: Envelope[Field] } = { ...NO_ENVELOPE };
  let at = BATCH_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    if (at + ENVELOPE_HEADER_BYTES > bytes.length) return 'truncated';
    const end = at + ENVELOPE_HEADER_BYTES + bytes.readUInt32LE(at);
    if (end > bytes.length) return 'truncated';
    envelope.type = bytes.readUInt8(at + 4);
    envelope.lane = bytes.readUInt8(at + 5);
    envelope.flags = bytes.readUInt16LE(at + 6);
    envelope.slot = bytes.readUInt32LE(at + 8);
    envelope.fence = bytes.readUInt32LE(at + 12);
    envelope.seq = bytes.readUInt32LE(at + 16);
    envelope.stampUs = bytes.readUInt32LE(at + 20);
    envelope.mediaMs = bytes.readUInt32LE(at + 24);
    envelope.payload = bytes.subarray(at + ENVELOPE_HEADER_BYTES, end);
    visit(envelope, flushedAtUs);
    at = end;
  }
  return undefined;
}

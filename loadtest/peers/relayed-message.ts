/** What relays send over Redis: [slot u32][binary u8][message], little-endian. */
const HEADER_BYTES = 5;

/** Channels of the two directions. */
export const CHANNEL = { up: 'relay.up', down: 'relay.down' } as const;

/** A message of one caller, or for one. */
export interface RelayedMessage {
  readonly slot: number;
  readonly isBinary: boolean;
  readonly message: Buffer;
}

export function writeRelayed({ slot, isBinary, message }: RelayedMessage): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + message.length);
  bytes.writeUInt32LE(slot, 0);
  bytes[4] = isBinary ? 1 : 0;
  message.copy(bytes, HEADER_BYTES);
  return bytes;
}

/** The message is a view into `bytes`. */
export function readRelayed(bytes: Buffer): RelayedMessage {
  return { slot: bytes.readUInt32LE(0), isBinary: bytes[4] === 1, message: bytes.subarray(HEADER_BYTES) };
}

/** What every peer answers to a text, given as JSON. */
export function answerTo(question: string): { readonly type: 'text'; readonly content: string } {
  const { content } = JSON.parse(question) as { readonly content: string };
  return { type: 'text', content: `You said: ${content}.` };
}

import { Packr } from 'msgpackr';

// Plain maps, no records: either side may be one version older or newer and reads what it knows.
const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: false });

/** Anything structured that travels on the bus or rests in Redis, as msgpack. */
export function pack(value: unknown): Uint8Array {
  return packr.pack(value);
}

/**
 * Reads what `pack` wrote. The shape is the writer's promise (both ends are this project, the bus is not open to callers),
 * so the result is typed by the reader. Undefined where the bytes are not msgpack.
 */
export function unpack<T>(bytes: Uint8Array): T | undefined {
  try {
    return packr.unpack(bytes) as T;
  } catch {
    // Bytes that cannot be read are as good as none: the caller counts them by the undefined.
    return undefined;
  }
}

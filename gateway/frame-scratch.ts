import { BINARY_KIND, binaryFrameBytes, writeBinaryFrameInto } from '../shared/protocol/binary-frame.ts';

/** Where agent audio is put together for a socket, which takes its own copy: frames of one length after another need no new memory. */
export class FrameScratch {
  #bytes = new Uint8Array(0);

  /** A frame of agent audio as the native wire has it; the bytes are the next frame's as soon as there is one. */
  speech(seq: number, timestampMs: number, payload: Uint8Array): Uint8Array {
    const length = binaryFrameBytes(payload.length);
    if (this.#bytes.length !== length) this.#bytes = new Uint8Array(length);
    return writeBinaryFrameInto({ kind: BINARY_KIND.audio, priority: 0, seq, timestampMs, payload }, this.#bytes);
  }
}

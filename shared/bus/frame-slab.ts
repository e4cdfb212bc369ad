import type { SlabMemory } from './slab-memory.ts';

/** So many frames of one length share a piece of memory: asking for memory costs more than copying a frame does. */
const FRAMES_PER_CHUNK = 8;
/** Longer ones have a piece of their own: a few that are kept must not hold on to much that is not. */
const LONGEST_SHARED_BYTES = 2048;

/** A piece of memory with frames in it; it is let go when the last of them is. */
export interface Chunk {
  readonly bytes: Uint8Array;
  /** Where the next frame goes; the newest one ends here. */
  usedBytes: number;
  /** Frames in it that are kept. */
  frames: number;
}

/** The memory of one call's frames, which nobody else has a part of while they are kept. Frames are let go about in the order in which they came. */
export class FrameSlab {
  readonly #memory: SlabMemory;
  #open: Chunk | undefined;
  #bytes = 0;

  constructor(memory: SlabMemory) {
    this.#memory = memory;
  }

  /** Bytes held: of every frame that is kept, and of those that share a chunk with one or could still. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Copies a frame to the end of the chunk that is the answer. */
  add(payload: Uint8Array): Chunk {
    const open = this.#open;
    const chunk = open !== undefined && open.usedBytes + payload.length <= open.bytes.length ? open : this.#next(payload.length);
    chunk.bytes.set(payload, chunk.usedBytes);
    chunk.usedBytes += payload.length;
    chunk.frames += 1;
    return chunk;
  }

  /** One of a chunk's frames is not kept any more: nobody looks at its bytes again. */
  release(chunk: Chunk): void {
    chunk.frames -= 1;
    if (chunk.frames > 0) return;
    this.#bytes -= chunk.bytes.length;
    if (chunk === this.#open) this.#open = undefined;
    this.#memory.giveBack(chunk.bytes);
  }

  /** Frames come in one length, mostly: there is room for some more of this one. */
  #next(frameBytes: number): Chunk {
    const bytes = this.#memory.take(frameBytes > LONGEST_SHARED_BYTES ? frameBytes : frameBytes * FRAMES_PER_CHUNK);
    const chunk = { bytes, usedBytes: 0, frames: 0 };
    this.#bytes += bytes.length;
    this.#open = chunk;
    return chunk;
  }
}

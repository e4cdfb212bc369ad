import { VoxError } from '../runtime/errors.ts';

/**
 * Little-endian 16-bit PCM bytes as samples: a view of the same memory where its alignment permits, else a copy; treat
 * it as read-only. Throws VoxError `bad_audio_length` where the last sample is cut. Needs a little-endian host, as is
 * every one that the socket server has a binary for.
 */
export function samplesFromPcm(bytes: Uint8Array): Int16Array {
  if (bytes.length % 2 !== 0) {
    throw new VoxError('bad_audio_length', `PCM16 audio has 2 bytes a sample, got ${bytes.length} bytes`);
  }
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  return new Int16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
}

/** Samples as little-endian 16-bit PCM bytes: a view of the same memory. */
export function pcmFromSamples(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

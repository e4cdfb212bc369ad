import type { Encoding } from '../protocol/audio-format.ts';
import { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw } from './g711.ts';
import { pcmFromSamples, samplesFromPcm } from './pcm.ts';

/** Bytes of the wire as samples at the same rate. May be a view of `bytes`. Throws VoxError `bad_audio_length` on half a sample. */
export function decodeAudio(encoding: Encoding, bytes: Uint8Array): Int16Array {
  switch (encoding) {
    case 'pcm16':
      return samplesFromPcm(bytes);
    case 'ulaw':
      return decodeUlaw(bytes);
    case 'alaw':
      return decodeAlaw(bytes);
  }
}

/** Samples as bytes of the wire at the same rate. May be a view of `samples`. */
export function encodeAudio(encoding: Encoding, samples: Int16Array): Uint8Array {
  switch (encoding) {
    case 'pcm16':
      return pcmFromSamples(samples);
    case 'ulaw':
      return encodeUlaw(samples);
    case 'alaw':
      return encodeAlaw(samples);
  }
}

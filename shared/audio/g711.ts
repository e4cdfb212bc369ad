/**
 * ITU-T G.711, both laws, by table. Laws and table layout follow the reference code of ITU-T G.191 (negative samples in
 * one's complement, 14 significant bits for µ-law, 12 for A-law), scaled to 16 bits.
 */
const ULAW_SHIFT = 2;
const ALAW_SHIFT = 4;
const ULAW_BIAS = 33;
const ULAW_CLIP = 0x1fff;
const ALAW_TOGGLE = 0x55;
const POSITIVE = 0x80;

const ULAW_DECODE = Int16Array.from({ length: 256 }, (_, code) => expandUlaw(code));
const ALAW_DECODE = Int16Array.from({ length: 256 }, (_, code) => expandAlaw(code));
const ULAW_ENCODE = encodeTable(ULAW_SHIFT, compressUlaw);
const ALAW_ENCODE = encodeTable(ALAW_SHIFT, compressAlaw);

/** µ-law bytes as 16-bit samples, one each; fresh memory. */
export function decodeUlaw(bytes: Uint8Array): Int16Array {
  return decode(ULAW_DECODE, bytes);
}

/** A-law bytes as 16-bit samples, one each; fresh memory. */
export function decodeAlaw(bytes: Uint8Array): Int16Array {
  return decode(ALAW_DECODE, bytes);
}

/** 16-bit samples as µ-law bytes, one each; fresh memory. */
export function encodeUlaw(samples: Int16Array): Uint8Array {
  return encode(ULAW_ENCODE, ULAW_SHIFT, samples);
}

/** 16-bit samples as A-law bytes, one each; fresh memory. */
export function encodeAlaw(samples: Int16Array): Uint8Array {
  return encode(ALAW_ENCODE, ALAW_SHIFT, samples);
}

function decode(table: Int16Array, bytes: Uint8Array): Int16Array {
  const samples = new Int16Array(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) samples[at] = table[bytes[at] ?? 0] ?? 0;
  return samples;
}

function encode(table: Uint8Array, shift: number, samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  for (let at = 0; at < samples.length; at += 1) bytes[at] = table[((samples[at] ?? 0) & 0xffff) >> shift] ?? 0;
  return bytes;
}

/** Codes of every sample, indexed by the sample's significant bits read as unsigned. */
function encodeTable(shift: number, compress: (sample: number) => number): Uint8Array {
  const length = 0x10000 >> shift;
  return Uint8Array.from({ length }, (_, index) => compress(((index << shift) << 16) >> 16));
}

function compressUlaw(sample: number): number {
  const magnitude = Math.min(((sample < 0 ? ~sample : sample) >> ULAW_SHIFT) + ULAW_BIAS, ULAW_CLIP);
  const segment = 32 - Math.clz32(magnitude >> 6);
  const mantissa = (magnitude >> (segment + 1)) & 0x0f;
  return ((7 - segment) << 4) | (0x0f - mantissa) | (sample < 0 ? 0 : POSITIVE);
}

function expandUlaw(code: number): number {
  const inverted = ~code;
  const segment = (inverted >> 4) & 0x07;
  const step = 8 << segment;
  const magnitude = (POSITIVE << segment) + step * (inverted & 0x0f) + step / 2 - 4 * ULAW_BIAS;
  return (code & POSITIVE) === 0 ? -magnitude : magnitude;
}

function compressAlaw(sample: number): number {
  const magnitude = (sample < 0 ? ~sample : sample) >> ALAW_SHIFT;
  const shift = Math.max(0, 27 - Math.clz32(magnitude));
  const code = magnitude > 0x0f ? ((shift + 1) << 4) | ((magnitude >> shift) & 0x0f) : magnitude;
  return (code | (sample < 0 ? 0 : POSITIVE)) ^ ALAW_TOGGLE;
}

function expandAlaw(code: number): number {
  const plain = (code ^ ALAW_TOGGLE) & 0x7f;
  const segment = plain >> 4;
  const mantissa = ((plain & 0x0f) + (segment > 0 ? 0x10 : 0)) * 16 + 8;
  const magnitude = mantissa << Math.max(0, segment - 1);
  return (code & POSITIVE) === 0 ? -magnitude : magnitude;
}

/** What is wrong with a WAV file; the only thing that reading one throws. */
export class WavError extends Error {
  override readonly name = 'WavError';
}

export interface Wav {
  readonly samples: Int16Array;
  readonly sampleRateHz: number;
}

const HEADER_BYTES = 44;
const CHUNK_HEADER_BYTES = 8;
const FIRST_CHUNK_AT = 12;
const FORMAT_PCM = 1;
const FORMAT_EXTENSIBLE = 0xfffe;
const REMEDY = 'expected 16-bit PCM, as `ffmpeg -i in -ac 1 -c:a pcm_s16le out.wav` writes it';

/**
 * Reads a RIFF/WAVE file of 16-bit PCM; several channels are mixed to one, chunks that are not understood are passed
 * over, a data chunk that claims more than there is (a cut or streamed file) ends with the file. Throws WavError only.
 */
export function readWav(bytes: Uint8Array): Wav {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (tagAt(view, 0) !== 'RIFF' || tagAt(view, 8) !== 'WAVE') throw new WavError(`not a WAV file: no RIFF/WAVE header; ${REMEDY}`);
  let format: Format | undefined;
  for (let at = FIRST_CHUNK_AT; at + CHUNK_HEADER_BYTES <= view.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    const body = new DataView(view.buffer, view.byteOffset + at + CHUNK_HEADER_BYTES, Math.min(size, view.byteLength - at - CHUNK_HEADER_BYTES));
    const tag = tagAt(view, at);
    if (tag === 'fmt ') format = readFormat(body);
    if (tag === 'data') return { samples: mixDown(body, format), sampleRateHz: format?.sampleRateHz ?? 0 };
    at += CHUNK_HEADER_BYTES + size + (size % 2);
  }
  throw new WavError('the WAV file has no data chunk');
}

/** A mono 16-bit PCM WAV file. */
export function writeWav(samples: Int16Array, sampleRateHz: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + samples.byteLength);
  const view = new DataView(bytes.buffer);
  const put = (at: number, tag: string): void => [...tag].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  put(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  put(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, FORMAT_PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, sampleRateHz * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  put(36, 'data');
  view.setUint32(40, samples.byteLength, true);
  samples.forEach((sample, index) => view.setInt16(HEADER_BYTES + index * 2, sample, true));
  return bytes;
}

interface Format {
  readonly channels: number;
  readonly sampleRateHz: number;
}

function readFormat(body: DataView): Format {
  if (body.byteLength < 16) throw new WavError('the WAV file is cut within its format chunk');
  const tag = body.getUint16(0, true);
  // An extensible format names the real one at the start of its sub-format GUID.
  const encoding = tag === FORMAT_EXTENSIBLE && body.byteLength >= 26 ? body.getUint16(24, true) : tag;
  const bits = body.getUint16(14, true);
  if (encoding !== FORMAT_PCM || bits !== 16) throw new WavError(`the WAV file has encoding ${encoding} with ${bits} bits a sample; ${REMEDY}`);
  const channels = body.getUint16(2, true);
  const sampleRateHz = body.getUint32(4, true);
  if (channels === 0 || sampleRateHz === 0) throw new WavError(`the WAV file claims ${channels} channels at ${sampleRateHz} Hz; ${REMEDY}`);
  return { channels, sampleRateHz };
}

function mixDown(body: DataView, format: Format | undefined): Int16Array {
  if (format === undefined) throw new WavError('the WAV file has no format chunk before its data');
  const { channels } = format;
  const samples = new Int16Array(Math.floor(body.byteLength / (2 * channels)));
  for (let at = 0; at < samples.length; at += 1) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1) sum += body.getInt16((at * channels + channel) * 2, true);
    samples[at] = Math.round(sum / channels);
  }
  return samples;
}

function tagAt(view: DataView, at: number): string {
  if (at + 4 > view.byteLength) return '';
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}

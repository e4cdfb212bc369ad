/** Audio encodings a wire may carry: 16-bit little-endian PCM, and G.711 in its two laws. */
export const ENCODINGS = ['pcm16', 'ulaw', 'alaw'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Sample rates a wire may carry, in hertz. */
export const SAMPLE_RATES_HZ = [8000, 16000, 24000, 48000] as const;
export type SampleRateHz = (typeof SAMPLE_RATES_HZ)[number];

/** How one direction's mono audio is written on the wire. */
export interface AudioFormat {
  readonly encoding: Encoding;
  readonly sampleRateHz: SampleRateHz;
}

/** What a session speaks when it says nothing else. */
export const DEFAULT_AUDIO_FORMAT: AudioFormat = { encoding: 'pcm16', sampleRateHz: 16000 };

/** Bytes of one mono sample in this encoding. */
export function bytesPerSample(encoding: Encoding): 1 | 2 {
  return encoding === 'pcm16' ? 2 : 1;
}

/** Bytes that this many milliseconds of mono audio take. */
export function audioBytes(format: AudioFormat, durationMs: number): number {
  return Math.round((format.sampleRateHz * durationMs) / 1000) * bytesPerSample(format.encoding);
}

/** Milliseconds of mono audio in this many bytes. */
export function audioMs(format: AudioFormat, bytes: number): number {
  return (bytes * 1000) / (bytesPerSample(format.encoding) * format.sampleRateHz);
}

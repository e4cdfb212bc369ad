/** Length of every frame that load is made of, and how it is spoken. */
export const FRAME_MS = 20;
export const FRAME_SAMPLES = 320;
export const FRAME_BYTES = 640;

/** The greeting of a session whose agent is to echo the frames marked with this key. */
export function echoGreeting(key: number): string {
  return `echo ${key}.`;
}

/** The key in such a greeting; undefined where the text is none. */
export function keyOfGreeting(text: string): number | undefined {
  const key = /\becho (\d+)/.exec(text)?.[1];
  return key === undefined ? undefined : Number(key);
}

/** "EC" in little-endian: what a marked frame begins with. */
const MAGIC = 0x4345;
const KEY_AT = 2;
const NUMBER_AT = 6;
const INTENDED_AT = 10;
const SENT_AT = 18;

/** What a marked frame says of itself. Times are the sender's own clock, in milliseconds. */
export interface FrameMark {
  readonly key: number;
  /** Counts the sender's frames from 0. */
  readonly number: number;
  /** When it was to be sent. */
  readonly intendedMs: number;
  /** When it was sent. */
  readonly sentMs: number;
}

/** Writes a mark into the first 26 bytes of a frame, from `at` on. */
export function writeMark(frame: Buffer, at: number, { key, number, intendedMs, sentMs }: FrameMark): void {
  frame.writeUInt16LE(MAGIC, at);
  frame.writeUInt32LE(key, at + KEY_AT);
  frame.writeUInt32LE(number, at + NUMBER_AT);
  frame.writeDoubleLE(intendedMs, at + INTENDED_AT);
  frame.writeDoubleLE(sentMs, at + SENT_AT);
}

/** The mark of the frame that begins at `at`; undefined where there is none: silence, or somebody's speech. */
export function readMark(frame: Buffer, at: number): FrameMark | undefined {
  if (frame.length < at + FRAME_BYTES || frame.readUInt16LE(at) !== MAGIC) return undefined;
  return { key: frame.readUInt32LE(at + KEY_AT), number: frame.readUInt32LE(at + NUMBER_AT), intendedMs: frame.readDoubleLE(at + INTENDED_AT), sentMs: frame.readDoubleLE(at + SENT_AT) };
}

/** The key of the frame that begins with these samples; undefined where it is not marked. */
export function keyOfSamples(samples: Int16Array, at: number): number | undefined {
  if (samples.length < at + FRAME_SAMPLES || samples[at] !== MAGIC) return undefined;
  const low = (samples[at + KEY_AT / 2] ?? 0) & 0xffff;
  const high = (samples[at + KEY_AT / 2 + 1] ?? 0) & 0xffff;
  return high * 0x10000 + low;
}

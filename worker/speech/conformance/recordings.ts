import { readFileSync } from 'node:fs';
import { INTERNAL_RATE_HZ } from '../ports.ts';

const FOLDER = '/usr/share/pocketsphinx/test/data';

/** A human voice with its words, 16 kHz mono, from Debian's pocketsphinx-testdata (public domain and BSD). */
export interface Recording {
  readonly samples: Int16Array;
  readonly words: string;
}

/** "go forward ten meters", spoken by a man in a quiet room. Throws where pocketsphinx-testdata is not installed. */
export function goForward(): Recording {
  return { samples: readRaw('goforward.raw'), words: 'go forward ten meters' };
}

/** "go somewhere and do something", by the same man. Throws where pocketsphinx-testdata is not installed. */
export function goSomewhere(): Recording {
  return { samples: readRaw('something.raw'), words: 'go somewhere and do something' };
}

/** Digital silence. */
export function silence(ms: number): Int16Array {
  return new Int16Array((ms * INTERNAL_RATE_HZ) / 1000);
}

/** Audio as it comes off the wire: frames of `frameSamples` (20 ms unless told otherwise), the last one shorter. */
export function* frames(samples: Int16Array, frameSamples = INTERNAL_RATE_HZ / 50): Generator<Int16Array> {
  for (let at = 0; at < samples.length; at += frameSamples) yield samples.slice(at, at + frameSamples);
}

/** Stretches of audio one after the other. */
export function joined(...parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function readRaw(file: string): Int16Array {
  let bytes: Buffer;
  try {
    bytes = readFileSync(`${FOLDER}/${file}`);
  } catch (cause) {
    throw new Error(`no recording ${FOLDER}/${file}: install the package pocketsphinx-testdata`, { cause });
  }
  return Int16Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(i * 2));
}

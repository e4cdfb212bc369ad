import { existsSync, readFileSync } from 'node:fs';
import { pcmFromSamples, samplesFromPcm } from '../../shared/audio/pcm.ts';
import { resample } from '../../shared/audio/resampler.ts';
import { readWav } from '../../shared/audio/wav.ts';
import { FRAME_BYTES, FRAME_SAMPLES } from './echo-frame.ts';

const RATE_HZ = 16_000;
const TONE_HZ = 200;
const AMPLITUDE = 8000;

/** Something a caller can say: whole 20 ms frames, one after another. */
export interface Utterance {
  readonly frames: Buffer;
  readonly lengthFrames: number;
  /** What it says, where that is known. */
  readonly words?: string;
}

/** A tone of so many frames: what a scripted engine takes for speech. It fits to itself at every frame's edge. */
export function toneUtterance(lengthFrames: number): Utterance {
  const samples = new Int16Array(FRAME_SAMPLES).map((_, at) => Math.round(AMPLITUDE * Math.sin((2 * Math.PI * TONE_HZ * at) / RATE_HZ)));
  const frame = Buffer.from(pcmFromSamples(samples));
  return { frames: Buffer.concat(Array.from({ length: lengthFrames }, () => frame)), lengthFrames };
}

/** Human recordings of Debian's packages: where they are and what they say. */
const RECORDINGS: readonly (readonly [file: string, words: string])[] = [
  ['/usr/share/sounds/alsa/Front_Center.wav', 'front center'],
  ['/usr/share/sounds/alsa/Front_Left.wav', 'front left'],
  ['/usr/share/sounds/alsa/Rear_Right.wav', 'rear right'],
  ['/usr/share/sounds/alsa/Side_Left.wav', 'side left'],
  ['/usr/share/pocketsphinx/test/data/goforward.raw', 'go forward ten meters'],
];

/** What people said into a microphone, at 16 kHz. Throws Error where none of the recordings is installed. */
export async function recordedUtterances(): Promise<Utterance[]> {
  const there = RECORDINGS.filter(([file]) => existsSync(file));
  if (there.length === 0) throw new Error('no recordings of speech are here: install the Debian packages alsa-utils or pocketsphinx-testdata');
  return Promise.all(there.map(async ([file, words]) => {
    const samples = await samplesOf(file);
    const lengthFrames = Math.ceil(samples.length / FRAME_SAMPLES);
    const frames = Buffer.alloc(lengthFrames * FRAME_BYTES);
    frames.set(pcmFromSamples(samples));
    return { frames, lengthFrames, words };
  }));
}

async function samplesOf(file: string): Promise<Int16Array> {
  const bytes = readFileSync(file);
  if (file.endsWith('.raw')) return samplesFromPcm(Uint8Array.from(bytes));
  const { samples, sampleRateHz } = readWav(bytes);
  return resample(samples, sampleRateHz, RATE_HZ);
}

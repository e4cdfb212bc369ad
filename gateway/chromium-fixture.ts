import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';
import { samplesFromPcm } from '../shared/audio/pcm.ts';
import { writeWav } from '../shared/audio/wav.ts';

/** What the microphone hears. */
export const WORDS = 'go forward ten meters';
export const RATE_HZ = 16_000;
/** The microphone file plays from the moment the page opens the microphone: the words come after the greeting. */
const QUIET_BEFORE_S = 8;
const QUIET_AFTER_S = 30;
/** A browser on a busy machine is waited for. */
const PATIENCE_MS = 45_000;
/** Keeps Chromium quiet and offline; the fake microphone plays a file once. */
const FLAGS = [
  '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required', '--no-sandbox',
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** A headless Chromium whose microphone hears a person say WORDS, once; `folder` takes its files. */
export async function openChromium(folder: string): Promise<BrowserContext> {
  const microphone = join(folder, 'microphone.wav');
  writeFileSync(microphone, writeWav(microphoneSamples(), RATE_HZ));
  const browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: '/usr/bin/chromium', headless: true, timeout: 2 * PATIENCE_MS, args: [...FLAGS, `--use-file-for-fake-audio-capture=${microphone}%noloop`],
  });
  browser.setDefaultTimeout(PATIENCE_MS);
  return browser;
}

function microphoneSamples(): Int16Array {
  const speech = samplesFromPcm(Uint8Array.from(readFileSync('/usr/share/pocketsphinx/test/data/goforward.raw')));
  const samples = new Int16Array(QUIET_BEFORE_S * RATE_HZ + speech.length + QUIET_AFTER_S * RATE_HZ);
  samples.set(speech, QUIET_BEFORE_S * RATE_HZ);
  return samples;
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { samplesFromPcm } from '../shared/audio/pcm.ts';
import { writeWav } from '../shared/audio/wav.ts';
import { messageOf } from '../shared/runtime/errors.ts';

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

const STORY_LINES = 60;
const STORY_LINE_CHARS = 240;
const LAST_LOOK_MS = 3000;

/** What happens on a page and around it, for whoever has to understand why a test failed. */
export class PageStory {
  readonly #lines: string[] = [];
  readonly #startedMs = performance.now();

  /** What the page and its sockets tell belongs to the story from now on. */
  follow(page: Page): void {
    page.on('console', (message) => this.add(`console: ${message.text()}`));
    page.on('pageerror', (error) => this.add(`error: ${error.message}`));
    page.on('crash', () => this.add('the page crashed'));
    page.on('websocket', (socket) => {
      this.add(`socket ${socket.url()}`);
      socket.on('framereceived', ({ payload }) => (typeof payload === 'string' ? this.add(`came ${payload}`) : undefined));
      socket.on('socketerror', (error) => this.add(`socket failed: ${error}`));
      socket.on('close', () => this.add('socket closed'));
    });
  }

  /** Only the last lines are kept. */
  add(line: string): void {
    this.#lines.push(`${Math.round(performance.now() - this.#startedMs)} ms ${line.slice(0, STORY_LINE_CHARS)}`);
    if (this.#lines.length > STORY_LINES) this.#lines.shift();
  }

  /** Runs a test's body; where it fails, the error tells what happened before and what the page shows. */
  async tellOnFailure(page: Page, body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      const shown = await page.locator('body').innerText({ timeout: LAST_LOOK_MS }).catch((cause: unknown) => `nothing: ${messageOf(cause)}`);
      throw new Error(`${messageOf(error)}\nThe page shows: ${shown}\nBefore:\n${this.#lines.join('\n')}`, { cause: error });
    }
  }
}

function microphoneSamples(): Int16Array {
  const speech = samplesFromPcm(Uint8Array.from(readFileSync('/usr/share/pocketsphinx/test/data/goforward.raw')));
  const samples = new Int16Array(QUIET_BEFORE_S * RATE_HZ + speech.length + QUIET_AFTER_S * RATE_HZ);
  samples.set(speech, QUIET_BEFORE_S * RATE_HZ);
  return samples;
}

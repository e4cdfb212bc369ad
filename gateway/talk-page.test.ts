import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { samplesFromPcm } from '../shared/audio/pcm.ts';
import { readWav } from '../shared/audio/wav.ts';
import { LATENCY_STAGES } from '../shared/protocol/agent-event.ts';
import { readBinaryFrame } from '../shared/protocol/binary-frame.ts';
import { startFleet, type Fleet } from '../shared/testing/fleet.ts';
import { openChromium, RATE_HZ, WORDS } from './chromium-fixture.ts';

describe('the talk page in Chromium, with a recording as its microphone', { timeout: 280_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-page-'));
  const complaints: string[] = [];
  /** Agent audio as it came over the wire, a piece a message, and where in its reply each belongs. */
  const wire: { readonly timestampMs: number; readonly samples: Int16Array }[] = [];
  let fleet: Fleet;
  let browser: BrowserContext;
  let page: Page;

  before(async () => {
    fleet = await startFleet({ gateways: 1, workers: 2 });
    browser = await openChromium(folder);
    page = await browser.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => {
      const frame = typeof payload === 'string' ? undefined : readBinaryFrame(payload);
      if (typeof frame === 'object') wire.push({ timestampMs: frame.timestampMs, samples: samplesFromPcm(Uint8Array.from(frame.payload)) });
    }));
  });

  after(async () => {
    await browser.close();
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a newcomer presses, speaks, and reads and hears the answer', async () => {
    const query = new URLSearchParams({ headphones: '1', record: '1', instructions: 'repeat', greeting: 'Hello, go ahead.' });
    for (const hint of [WORDS, 'stop the car', 'turn left']) query.append('hint', hint);
    await page.goto(`${fleet.gatewayUrls[0]}/?${query.toString()}`);
    await page.getByRole('button', { name: 'Talk' }).click();
    await page.getByText('Hello, go ahead.').waitFor();
    await page.locator('body[data-state=hearing]').waitFor();
    const caller = page.locator('.line.caller .words');
    await caller.waitFor();
    assert.equal(await caller.textContent(), WORDS);
    const turn = page.locator('.turn', { has: caller });
    await turn.locator('.line.agent .words').waitFor();
    assert.equal(await turn.locator('.line.agent .words').textContent(), WORDS);
  });

  test('the turn shows its latency split by stage, and the parts add up', async () => {
    const latency = page.locator('.latency');
    await latency.waitFor();
    const segments = await Promise.all((await latency.locator('[data-stage]').all()).map(async (segment) => ({
      stage: await segment.getAttribute('data-stage'), ms: Number(await segment.getAttribute('data-ms')),
    })));
    assert.deepEqual(segments.map(({ stage }) => stage).sort(), [...LATENCY_STAGES].sort());
    const total = Number(await latency.getAttribute('data-mouth-to-ear-ms'));
    assert.ok(total > 0);
    assert.ok(Math.abs(segments.reduce((sum, { ms }) => sum + ms, 0) - total) < 0.02);
  });

  test('what was played is what came over the wire, sample for sample, without a gap', async () => {
    // Its first audio has come, as the latency shows: the page listens again once all of it was played.
    await page.locator('body[data-state=listening]').waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('Save the agent’s audio').click()]);
    const played = readWav(readFileSync(await download.path()));
    assert.equal(played.sampleRateHz, RATE_HZ);
    const replies = repliesOf(wire);
    assert.equal(replies.length, 2, 'a greeting and an answer');
    let from = 0;
    for (const reply of replies) {
      assert.ok(reply.some((sample) => Math.abs(sample) > 1000), 'it is audible');
      const at = indexOf(played.samples, reply, from);
      assert.notEqual(at, -1, `a reply of ${reply.length} samples sounds in one piece among ${played.samples.length}`);
      from = at + reply.length;
    }
    assert.equal(await page.locator('body').getAttribute('data-underruns'), '0');
  });

  test('typing works beside speaking, and hanging up ends the call', async () => {
    await page.getByPlaceholder('Or type a message').fill('a typed message');
    await page.keyboard.press('Enter');
    await page.locator('.line.agent .words', { hasText: 'a typed message' }).waitFor();
    await page.getByRole('button', { name: 'Hang up' }).click();
    await page.locator('body[data-state=ended]').waitFor();
  });

  test('nothing on the page complained', () => {
    assert.deepEqual(complaints, []);
  });
});

/** Audio messages joined to replies: each reply begins at its own 0. */
function repliesOf(messages: readonly { readonly timestampMs: number; readonly samples: Int16Array }[]): number[][] {
  const replies: number[][] = [];
  for (const { timestampMs, samples } of messages) {
    if (timestampMs === 0) replies.push([]);
    replies.at(-1)?.push(...samples);
  }
  return replies;
}

function indexOf(samples: Int16Array, part: readonly number[], from: number): number {
  for (let at = from; at + part.length <= samples.length; at++) {
    if (part.every((sample, i) => samples[at + i] === sample)) return at;
  }
  return -1;
}

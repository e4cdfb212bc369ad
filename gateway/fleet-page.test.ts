import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { startFleet, type Fleet } from '../shared/testing/fleet.ts';
import { openChromium } from './chromium-fixture.ts';

const TOKEN = 'operator';
/** What WCAG wants of text at AA. */
const LEAST_CONTRAST = 4.5;

/** Runs in the page: every text that can be seen, and its contrast with what is behind it. */
const CONTRASTS = `(() => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = channels(color).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    if (element === null) return 'rgb(255, 255, 255)';
    const color = getComputedStyle(element).backgroundColor;
    return channels(color)[3] === 0 ? behind(element.parentElement) : color;
  };
  return [...document.querySelectorAll('body *')].flatMap((element) => {
    const text = [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ textContent }) => textContent).join('').trim();
    if (text === '' || !element.checkVisibility()) return [];
    const [dark, light] = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort((one, other) => one - other);
    return [{ text, ratio: Math.round(((light + 0.05) / (dark + 0.05)) * 100) / 100 }];
  });
})()`;

describe('the page of the fleet in Chromium', { timeout: 280_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-fleet-page-'));
  const complaints: string[] = [];
  let fleet: Fleet;
  let browser: BrowserContext;
  let page: Page;
  let call: { readonly id: string; readonly socket: WebSocket; readonly messages: Record<string, unknown>[] };

  before(async () => {
    fleet = await startFleet({ gateways: 2, workers: 2, gatewayEnv: { OPERATOR_TOKENS: TOKEN } });
    browser = await openChromium(folder);
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
  });

  after(async () => {
    await browser.close();
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('an operator types the token once and sees every gateway and worker', async () => {
    await page.goto(`${fleet.gatewayUrls[0]}/fleet`);
    await page.getByLabel('Operator token').fill('not the token');
    await page.keyboard.press('Enter');
    await page.locator('body[data-feed=refused]').waitFor();
    await page.getByLabel('Operator token').fill(TOKEN);
    await page.keyboard.press('Enter');
    for (const { id } of [...fleet.gateways, ...fleet.workers]) await page.locator(`.card[data-process="${id}"][data-state=ready]`).waitFor();
    await page.reload();
    await page.locator('body[data-feed=live]').waitFor();
  });

  test('a caller of the other gateway is counted', async () => {
    call = await openCall(fleet.gatewayUrls[1] ?? '');
    await page.locator('[data-figure=callers] strong', { hasText: /^1$/ }).waitFor();
    await page.locator('.card[data-process="gateway-2"]', { hasText: '1 caller' }).waitFor();
  });

  test('an error shows with the id that its caller was told to quote', async () => {
    call.socket.send('this is no message');
    const errorId = page.locator('.error[data-code=bad_json] .error-id').first();
    await errorId.waitFor();
    const told = call.messages.find(({ type }) => type === 'error');
    assert.equal(await errorId.textContent(), told?.['error_id']);
    assert.equal(await page.locator('.error[data-code=bad_json] .call').first().textContent(), call.id);
  });

  test('a worker that was killed is gone from the map, and its call is told as taken over', async () => {
    const owner = await ownerOf(page);
    await fleet.workers.find(({ id }) => id === owner)?.kill('SIGKILL');
    await page.locator('.events [data-kind=takeover]', { hasText: call.id }).waitFor();
    await page.locator(`.card[data-process="${owner}"][data-state=gone]`).waitFor();
    await page.getByText(`${owner} is gone`).waitFor();
    await page.locator('[data-figure=takeovers] strong', { hasText: /^1$/ }).waitFor();
  });

  test('a call’s timeline is one click away from what happened to it', async () => {
    await page.locator('.events .call', { hasText: call.id }).first().click();
    await page.locator('#timeline .since', { hasText: 'active' }).waitFor();
    assert.equal(await page.getByLabel('Session id').inputValue(), call.id);
    await page.getByLabel('Session id').fill('nobody-knows-it');
    await page.keyboard.press('Enter');
    await page.getByText('No such call').waitFor();
  });

  test('on a phone nothing has to be scrolled sideways, and text is readable in light and dark', async () => {
    for (const width of [320, 375, 700, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width, `${width} px`);
    }
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const faint = (await page.evaluate<{ text: string; ratio: number }[]>(CONTRASTS)).filter(({ ratio }) => ratio < LEAST_CONTRAST);
      assert.deepEqual(faint, [], colorScheme);
    }
  });

  test('when its gateway stands still the page says so, and goes on when it runs again', async () => {
    await fleet.gateways[0]?.kill('SIGSTOP');
    await page.locator('body[data-feed=away]').waitFor();
    await fleet.gateways[0]?.kill('SIGCONT');
    await page.locator('body[data-feed=live]').waitFor();
    call.socket.close();
    assert.deepEqual(complaints, []);
  });
});

async function openCall(url: string): Promise<{ id: string; socket: WebSocket; messages: Record<string, unknown>[] }> {
  const response = await fetch(`${url}/sessions`, { method: 'POST', body: '{}' });
  const { session_id: id, token } = (await response.json()) as { readonly session_id: string; readonly token: string };
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/${id}?token=${token}`);
  const messages: Record<string, unknown>[] = [];
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) messages.push(JSON.parse(data.toString()) as Record<string, unknown>);
  });
  return { id, socket, messages };
}

/** The worker with a used slot, as the page shows it. */
async function ownerOf(page: Page): Promise<string> {
  const card = page.locator('#workers .card[data-state=ready]', { has: page.locator('.load-words', { hasText: /^1 of / }) });
  await card.waitFor();
  return (await card.getAttribute('data-process')) ?? '';
}

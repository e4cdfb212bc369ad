import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { startFleet, type Fleet } from '../shared/testing/fleet.ts';
import { openChromium, PageStory, WORDS } from './chromium-fixture.ts';

/** What stands before a fleet: one address, whichever gateway is behind it. */
class Door {
  /** Port of the gateway for new connections; undefined: nobody answers. */
  port: number | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((near) => this.#enter(near));

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #enter(near: Socket): void {
    if (this.port === undefined) return void near.destroy();
    const far = connect(this.port, '127.0.0.1');
    near.pipe(far);
    far.pipe(near);
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}

describe('the talk page whose gateway dies', { timeout: 280_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-resume-'));
  const door = new Door();
  const story = new PageStory();
  let address: string;
  let fleet: Fleet;
  let browser: BrowserContext;
  let page: Page;

  before(async () => {
    fleet = await startFleet({ gateways: 2, workers: 1, onLine: (id, line) => story.add(`${id}: ${line}`) });
    address = await door.open();
    browser = await openChromium(folder);
    page = await browser.newPage();
    story.follow(page);
    for (const { id, exited } of [...fleet.gateways, ...fleet.workers]) void exited.then((exit) => story.add(`${id} ended: ${JSON.stringify(exit)}`));
  });

  after(async () => {
    await browser.close();
    door.close();
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** New connections come out at this gateway. */
  function leadTo(gateway: number): void {
    door.port = Number(new URL(fleet.gatewayUrls[gateway] ?? '').port);
  }

  test('says calmly that it reconnects, then that it is back, and what was said meanwhile is heard whole', () => story.tellOnFailure(page, async () => {
    leadTo(0);
    const query = new URLSearchParams({ headphones: '1', instructions: 'repeat', greeting: '' });
    for (const hint of [WORDS, 'stop the car', 'turn left']) query.append('hint', hint);
    await page.goto(`${address}/?${query.toString()}`);
    await page.getByRole('button', { name: 'Talk' }).click();
    await page.locator('body[data-state=hearing]').waitFor();
    door.port = undefined;
    await fleet.gateways[0]?.kill('SIGKILL');
    await page.getByText('Reconnecting…').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Hang up' }).isVisible());
    assert.ok(await page.locator('#problem').isHidden());
    leadTo(1);
    await page.getByText('Back again.').waitFor();
    const caller = page.locator('.line.caller .words');
    await caller.waitFor();
    assert.equal(await caller.textContent(), WORDS);
    await page.locator('.line.agent .words').waitFor();
    assert.equal(await page.locator('.line.agent .words').textContent(), WORDS);
    await page.locator('body[data-line=""]').waitFor();
  }));

  test('takes what is typed while nobody answers, and has it answered', () => story.tellOnFailure(page, async () => {
    await page.locator('body[data-state=listening]').waitFor();
    door.port = undefined;
    await fleet.addGateway();
    await fleet.gateways[1]?.kill('SIGKILL');
    await page.getByText('Reconnecting…').waitFor();
    await page.getByPlaceholder('Or type a message').fill('said while away');
    await page.keyboard.press('Enter');
    leadTo(2);
    await page.locator('.line.agent .words', { hasText: 'said while away' }).waitFor();
    await page.getByRole('button', { name: 'Hang up' }).click();
    await page.locator('body[data-state=ended]').waitFor();
    assert.ok(await page.locator('#problem').isHidden());
  }));
});

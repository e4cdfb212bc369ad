import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { WebSocketServer } from 'ws';
import { packageRoot } from '../runtime/package-root.ts';

/** What was compiled, beside this test. */
const COMPILED = join(dirname(fileURLToPath(import.meta.url)), '../..');
const FORMAT = { encoding: 'pcm16', sample_rate: 16000 };
const READY = {
  type: 'ready', seq: 0, session_id: 's1', audio: { input: FORMAT, output: FORMAT }, ingress: { committed: 0, received: 0 }, resume: { token: 't', expires_at: '' },
};

/** A program of somebody who has installed the package, in TypeScript that is JavaScript too. */
const PROGRAM = `
import { VoiceClient } from 'voxfleet/client';

export function say(url, socket) {
  return new Promise((resolve) => {
    const client = new VoiceClient({
      url, socket,
      listener: {
        onState: (state) => { if (state.name === 'ready' && state.resumed !== undefined) resolve(state.resumed.resentMessages); },
        onNotice: (notice) => { if (notice.type === 'text') client.close(); },
      },
    });
    client.sendText('hello');
  });
}
`;
const TYPED = `
import { VoiceClient, type ResumeReport, type SendOutcome, type VoiceClientState } from 'voxfleet/client';

export function open(url: string, onResumed: (report: ResumeReport) => void): SendOutcome {
  const onState = (state: VoiceClientState): void => {
    if (state.name === 'ready' && state.resumed !== undefined) onResumed(state.resumed);
  };
  const client = new VoiceClient({ url, socket: WebSocket, listener: { onState, onAudio: ({ bytes }) => void bytes.length } });
  return client.sendAudio(new Uint8Array(640));
}
// @ts-expect-error: a client needs an address.
void new VoiceClient({ socket: WebSocket, listener: {} });
`;

describe('the package’s ./client, as a stranger gets it', { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-client-'));
  const stranger = join(folder, 'stranger');
  const installed = join(stranger, 'node_modules', 'voxfleet');
  let gateway: WebSocketServer;

  before(async () => {
    pack();
    writeFileSync(join(stranger, 'package.json'), JSON.stringify({ type: 'module' }));
    writeFileSync(join(stranger, 'program.js'), PROGRAM);
    writeFileSync(join(stranger, 'typed.ts'), TYPED);
    symlinkSync(join(packageRoot(), 'node_modules/ws'), join(stranger, 'node_modules/ws'));
    gateway = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    // The first connection is cut when the text has come, the second one takes it again.
    gateway.on('connection', (socket) => {
      socket.on('message', () => socket.terminate());
      socket.send(JSON.stringify(READY));
    });
    await once(gateway, 'listening');
  });

  after(() => {
    for (const socket of gateway.clients) socket.terminate();
    gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What `npm pack` takes of a checkout whose dist/ is this test's own. */
  function pack(): void {
    const checkout = join(folder, 'checkout');
    mkdirSync(installed, { recursive: true });
    mkdirSync(checkout);
    for (const file of ['package.json', 'README.md', 'LICENSE']) cpSync(join(packageRoot(), file), join(checkout, file));
    cpSync(join(COMPILED, 'shared'), join(checkout, 'dist/shared'), { recursive: true });
    const [{ filename = '' } = {}] = JSON.parse(execFileSync('npm', ['pack', '--json', '--ignore-scripts'], { cwd: checkout, stdio: ['ignore', 'pipe', 'ignore'] }).toString()) as { filename?: string }[];
    execFileSync('tar', ['-xzf', join(checkout, filename), '-C', installed, '--strip-components=1']);
  }

  function gatewayUrl(): string {
    return `ws://127.0.0.1:${(gateway.address() as AddressInfo).port}/ws/s1`;
  }

  test('holds the client and what it needs, no test and nothing of the fleet', () => {
    assert.ok(existsSync(join(installed, 'dist/shared/client/voice-client.d.ts')));
    for (const path of ['dist/shared/session', 'dist/shared/client/package.test.js', 'dist/shared/client/network-fixture.js', 'gateway']) {
      assert.ok(!existsSync(join(installed, path)), path);
    }
  });

  test('runs in Node and lives through a cut', async () => {
    const runner = `
      import { WebSocket } from 'ws';
      import { say } from './program.js';
      console.log(await say(${JSON.stringify(gatewayUrl())}, WebSocket));
      process.exit(0);`;
    writeFileSync(join(stranger, 'run.js'), runner);
    const { stdout } = await promisify(execFile)(process.execPath, ['run.js'], { cwd: stranger, timeout: 60_000 });
    assert.equal(stdout.trim(), '1');
  });

  test('is typed, for both ways in which TypeScript finds modules', () => {
    const compiler = join(packageRoot(), 'node_modules/typescript/bin/tsc');
    for (const [module, resolution] of [['nodenext', 'nodenext'], ['esnext', 'bundler']] as const) {
      const args = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom', '--module', module, '--moduleResolution', resolution, 'typed.ts'];
      assert.equal(execFileSync(process.execPath, [compiler, ...args], { cwd: stranger }).toString(), '');
    }
  });

  test('runs as the same files in a browser', async () => {
    const server = createServer((request, response) => {
      const path = request.url ?? '/';
      const isModule = path.endsWith('.js');
      response.setHeader('content-type', isModule ? 'text/javascript' : 'text/html');
      const imports = JSON.stringify({ imports: { 'voxfleet/client': '/node_modules/voxfleet/dist/shared/client/voice-client.js' } });
      response.end(isModule ? readFileSync(join(stranger, path)) : `<!doctype html><script type="importmap">${imports}</script>`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'], timeout: 120_000 });
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const again: unknown = await page.evaluate(`import('/program.js').then(({ say }) => say(${JSON.stringify(gatewayUrl())}, WebSocket))`);
      assert.equal(again, 1);
    } finally {
      await browser.close();
      server.close();
    }
  });
});

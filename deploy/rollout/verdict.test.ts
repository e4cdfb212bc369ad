import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { createSession } from '../../shared/client/session-request.ts';
import { startFleet, type Fleet } from '../../shared/testing/fleet.ts';
import { prometheusAt } from './prometheus.ts';
import { startScraper, type Scraper } from './scraper-fixture.ts';

const ENTRY = fileURLToPath(new URL('./verdict.js', import.meta.url));
/** Callers that the stable worker has room for: who comes later is the canary's. */
const SLOTS = 4;
const TEXTS = 20;
const SCRIPTED = 'scripted';

describe('the verdict on a canary, from a real Prometheus that watches two versions', { timeout: 240_000 }, () => {
  let fleet: Fleet;
  let scraper: Scraper;
  const sockets: WebSocket[] = [];

  before(async () => {
    scraper = await startScraper();
    fleet = await startFleet({
      workerEnv: { SLOTS: String(SLOTS), VOICE_ACTIVITY_ENGINE: SCRIPTED, RECOGNIZER_ENGINE: SCRIPTED, RESPONDER_ENGINE: SCRIPTED, SYNTHESIZER_ENGINE: SCRIPTED },
      env: { VOXFLEET_VERSION: '1' },
    });
    await callers(SLOTS);
    await fleet.addWorker({ VOXFLEET_VERSION: '2', SCRIPTED_FAIL_RATE: '1' });
    await callers(SLOTS);
    scraper.watch(fleet.gatewayUrls, fleet.workers.map(({ adminUrl }) => adminUrl));
    await counted('count(voxfleet_build_info)', 3);
    await Promise.all(sockets.map((socket) => askAndHear(socket)));
    await counted('sum(increase(voxfleet_engine_errors_total[1m]))', (SLOTS * TEXTS) / 2);
  });
  after(async () => {
    for (const socket of sockets) socket.terminate();
    await fleet.stop();
    await scraper.stop();
  });

  test('is to roll back one whose engines fail, with the reason', async () => {
    const { code, said } = await verdict('2', '1');
    assert.match(said, /ROLLBACK\n {2}because worker: engine calls that failed: \d+ of \d+ \((\d{2,3}\.\d) %\), stable 0\.0 %, allowed 1\.0 %/);
    assert.equal(code, 2, said);
  });

  test('is to hold one that has had too little to do', async () => {
    const { code, said } = await verdict('1', '2');
    assert.match(said, /HOLD\n {2}because .*more would tell/);
    assert.equal(code, 1, said);
  });

  test('is to hold one that nobody has seen, by whatever label it is named', async () => {
    const { code, said } = await verdict('version="3",tier="worker"', '1');
    assert.match(said, /HOLD\n {2}because no process of the canary was seen in the window/);
    assert.equal(code, 1, said);
  });

  test('is none where Prometheus cannot be asked', async () => {
    const { code, said } = await run(['--prometheus', fleet.gatewayUrls[0] ?? '', '--canary', '2', '--stable', '1']);
    assert.match(said, /does not answer as a Prometheus would|cannot answer/);
    assert.equal(code, 3, said);
  });

  async function callers(count: number): Promise<void> {
    for (let call = 0; call < count; call += 1) {
      const { ws_url } = await createSession(fleet.gatewayUrls[0] ?? '', {});
      const socket = new WebSocket(ws_url, ['voxfleet.v1']);
      sockets.push(socket);
      await untilHeard(socket, (type) => type === 'ready', 1);
    }
  }

  /** Asks one text after the other: each is answered, or told to have failed. */
  async function askAndHear(socket: WebSocket): Promise<void> {
    const heard = untilHeard(socket, (type) => type === 'text' || type === 'error', TEXTS);
    for (let text = 0; text < TEXTS; text += 1) socket.send(JSON.stringify({ type: 'text', content: `question ${text}` }));
    await heard;
  }

  async function counted(expr: string, least: number): Promise<void> {
    const ask = prometheusAt(scraper.url);
    while ((await ask(expr)) < least) await sleep(250);
  }

  function verdict(canary: string, stable: string): Promise<{ readonly code: number; readonly said: string }> {
    return run(['--prometheus', scraper.url, '--canary', canary, '--stable', stable, '--window', '1m']);
  }
});

/** Resolves when so many messages of the types wanted have come. */
function untilHeard(socket: WebSocket, isWanted: (type: unknown) => boolean, times: number): Promise<void> {
  return new Promise((resolve) => {
    let heard = 0;
    const onMessage = (data: Buffer): void => {
      const { type } = JSON.parse(data.toString()) as { type: unknown };
      if (isWanted(type)) heard += 1;
      if (heard < times) return;
      socket.off('message', onMessage);
      resolve();
    };
    socket.on('message', onMessage);
  });
}

function run(args: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [ENTRY, ...args], (error, stdout, stderr) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, said: stdout + stderr }));
  });
}

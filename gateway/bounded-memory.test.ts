import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { connectBus } from '../shared/bus/nats-bus.ts';
import { attachSubject, claimSubject, workerSubject } from '../shared/bus/subjects.ts';
import type { SessionConfig } from '../shared/protocol/agent-config.ts';
import { audioBytes, DEFAULT_AUDIO_FORMAT } from '../shared/protocol/audio-format.ts';
import { writeBinaryFrame } from '../shared/protocol/binary-frame.ts';
import type { ClaimReply } from '../shared/protocol/claim.ts';
import { pack } from '../shared/protocol/structured.ts';
import { freePort, startProcess } from '../shared/testing/servers.ts';
import { SILENT, startGround, type Ground } from './gateway-fixture.ts';
import { FRAME_COST_BYTES } from './replay-ring.ts';

const CALLERS = 1000;
/** So many open at once: the kernel's queue of new connections is short. */
const OPENING = 50;
const REPLAY_MS = 1000;
/** Eight times what fits. */
const SPEECH_MS = 8000;
const MESSAGE_MS = 500;
/** Callers whose audio comes in the smallest frames that the ring reckons with: they cost the most beside their bytes. */
const FINE_EVERY = 200;
const FINE_MESSAGE_MS = 5;
const SESSION: Omit<SessionConfig, 'sessionId'> = {
  tags: [], lane: 'normal', input: DEFAULT_AUDIO_FORMAT, output: DEFAULT_AUDIO_FORMAT, tokenHash: '', createdAtMs: 0,
  agent: { instructions: '', language: 'en-US', hints: [], engines: {}, speak_text: false },
};
/** What a ring may hold: see `FRAME_COST_BYTES`. */
const BOUND_BYTES = CALLERS * (audioBytes(DEFAULT_AUDIO_FORMAT, REPLAY_MS) + (REPLAY_MS / FINE_MESSAGE_MS) * FRAME_COST_BYTES);
/** Beside the rings: what waits for sockets, for the bus and for the garbage collector. */
const ALLOWANCE_BYTES = 100_000_000;

test('a thousand callers whose worker never acknowledges cost no more memory than their rings may', { timeout: 280_000 }, async (context) => {
  const ground = await startGround();
  context.after(() => ground.stop());
  await mute(context, ground);
  const gateway = await startGateway(context, ground);
  const sockets = await openAll(context, ground, gateway.url);
  await said(sockets, MESSAGE_MS);
  const before = await gateway.look();
  await said(sockets, SPEECH_MS);
  const after = await gateway.look();
  const grownBytes = after.residentBytes - before.residentBytes;
  context.diagnostic(`rings hold ${mega(after.replayBytes)} of ${mega(BOUND_BYTES)}; the process grew by ${mega(grownBytes)} to ${mega(after.residentBytes)}`);
  assert.ok(after.replayBytes <= BOUND_BYTES, `the rings hold ${after.replayBytes} bytes, ${BOUND_BYTES} at most`);
  assert.ok(after.replayBytes >= CALLERS * audioBytes(DEFAULT_AUDIO_FORMAT, REPLAY_MS - MESSAGE_MS), `the rings hold only ${after.replayBytes} bytes`);
  assert.ok(grownBytes <= BOUND_BYTES + ALLOWANCE_BYTES, `the process grew by ${grownBytes} bytes`);
  for (const socket of sockets) socket.terminate();
  while ((await gateway.look()).replayBytes > 0) await sleep(50, undefined, { signal: context.signal });
});

/** A worker that takes every session and says nothing ever after. */
async function mute(context: TestContext, ground: Ground): Promise<void> {
  const bus = await connectBus({ url: ground.nats.url, name: 'mute', log: SILENT });
  context.after(() => bus.close());
  let workerSlot = 0;
  for (const subject of [claimSubject('normal'), attachSubject('mute')]) {
    bus.subscribe(subject, (message) => {
      workerSlot += 1;
      const reply: ClaimReply = { ok: true, workerId: 'mute', fence: 1, workerSlot, committedIngressSeq: 0, receivedIngressSeq: 0 };
      message.respond(pack(reply));
    });
  }
  bus.subscribe(workerSubject('mute'), () => undefined);
}

interface Looked {
  readonly replayBytes: number;
  readonly residentBytes: number;
}

async function startGateway(context: TestContext, ground: Ground): Promise<{ readonly url: string; look(): Promise<Looked> }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { pid, kill } = await startProcess({
    name: 'gateway', command: process.execPath, args: [join(import.meta.dirname, 'main.js')],
    env: { NATS_URL: ground.nats.url, REDIS_URL: ground.redis.url, PORT: String(port), REPLAY_MS: String(REPLAY_MS), ADMISSION_WAIT_MS: '60000', LOG_LEVEL: 'error' },
    isReady: async () => (await fetch(`${url}/health/live`).catch(() => undefined))?.status === 200,
  });
  context.after(() => kill('SIGKILL'));
  return {
    url,
    look: async () => {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      const replayBytes = Number(/^voxfleet_gateway_replay_bytes\{.*\} (\d+)$/m.exec(metrics)?.[1]);
      const residentKilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
      return { replayBytes, residentBytes: residentKilobytes * 1024 };
    },
  };
}

/** Opens a call for each caller, some at a time. */
async function openAll(context: TestContext, { store }: Ground, gatewayUrl: string): Promise<readonly WebSocket[]> {
  const sockets: WebSocket[] = [];
  context.after(() => sockets.forEach((socket) => socket.terminate()));
  const open = async (sessionId: string): Promise<WebSocket> => {
    await store.create({ ...SESSION, sessionId });
    const socket = new WebSocket(`${gatewayUrl.replace('http', 'ws')}/ws/${sessionId}`, { perMessageDeflate: false });
    await once(socket, 'open');
    return socket;
  };
  while (sockets.length < CALLERS) {
    const ids = Array.from({ length: OPENING }, (_, index) => `caller-${sockets.length + index}`);
    sockets.push(...(await Promise.all(ids.map(open))));
  }
  return sockets;
}

/** Everybody says so much, and what they said is with the gateway. */
async function said(sockets: readonly WebSocket[], speechMs: number): Promise<void> {
  for (let atMs = 0; atMs < speechMs; atMs += MESSAGE_MS) {
    await Promise.all(sockets.map((socket, index) => say(socket, index % FINE_EVERY === 0 ? FINE_MESSAGE_MS : MESSAGE_MS)));
  }
}

/** Half a second of audio in messages of this length; resolves when the gateway has taken them. */
async function say(socket: WebSocket, messageMs: number): Promise<void> {
  const payload = new Uint8Array(audioBytes(DEFAULT_AUDIO_FORMAT, messageMs));
  const frame = writeBinaryFrame({ kind: 1, priority: 1, seq: 0, timestampMs: 0, payload });
  for (let atMs = 0; atMs < MESSAGE_MS; atMs += messageMs) socket.send(frame);
  const gone = new AbortController();
  const answered = once(socket, 'message', { signal: gone.signal });
  const onClose = (code: number): void => gone.abort(new Error(`a caller's connection was closed with ${code}`));
  socket.once('close', onClose);
  socket.send('{"type":"ping"}');
  await answered;
  socket.off('close', onClose);
}

function mega(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}

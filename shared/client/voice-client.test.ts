import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { readBinaryFrame, writeBinaryFrame } from '../protocol/binary-frame.ts';
import { VoiceClient, type AgentAudio, type AgentNotice, type VoiceClientOptions, type VoiceClientState } from './voice-client.ts';

const FORMAT = { encoding: 'pcm16', sample_rate: 16000 } as const;
const READY = JSON.stringify({ type: 'ready', seq: 0, session_id: 's1', audio: { input: FORMAT, output: FORMAT } });

let server: WebSocketServer;
let client: VoiceClient;
let peer: WebSocket;
let seen: { states: VoiceClientState[]; notices: AgentNotice[]; audio: AgentAudio[]; unknown: string[] };
let changed: (() => void) | undefined;

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'voxfleet.v1' });
  seen = { states: [], notices: [], audio: [], unknown: [] };
  await once(server, 'listening');
});

afterEach(() => {
  client.close();
  for (const socket of server.clients) socket.terminate();
  server.close();
});

async function connect(extra: Partial<VoiceClientOptions> = {}): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const note = <T>(list: T[]) => (item: T): void => {
    list.push(item);
    changed?.();
  };
  client = new VoiceClient({
    url: `ws://127.0.0.1:${port}/ws/s1`,
    socket: WebSocket,
    listener: { onState: note(seen.states), onNotice: note(seen.notices), onAudio: note(seen.audio), onUnknown: note(seen.unknown) },
    ...extra,
  });
  const [socket] = (await accepted) as [WebSocket];
  peer = socket;
  await until(() => seen.states.some((state) => state.name === 'open'));
}

async function becomeReady(): Promise<void> {
  peer.send(READY);
  await until(() => client.state.name === 'ready');
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => (changed = resolve));
}

async function nextMessage(): Promise<Buffer> {
  const [data] = (await once(peer, 'message')) as [Buffer];
  return data;
}

function nextMessages(count: number): Promise<Buffer[]> {
  const messages: Buffer[] = [];
  return new Promise((resolve) => {
    peer.on('message', (data: Buffer) => {
      if (messages.push(data) === count) resolve(messages);
    });
  });
}

describe('a voice client', () => {
  test('offers the native subprotocol and its token', async () => {
    let offered: Set<string> | undefined;
    server.options.handleProtocols = (protocols) => {
      offered = protocols;
      return 'voxfleet.v1';
    };
    await connect({ token: 'secret' });
    assert.deepEqual([...(offered ?? [])], ['voxfleet.v1', 'voxfleet.token.secret']);
  });

  test('says in its address that it can resume, keeping the parameters it was given', async () => {
    const { port } = server.address() as AddressInfo;
    const upgraded = once(server, 'connection');
    await connect({ url: `ws://127.0.0.1:${port}/ws/s1?token=t` });
    const [, request] = (await upgraded) as [WebSocket, { url: string }];
    assert.equal(request.url, '/ws/s1?token=t&after=0');
  });

  test('goes from open to ready to closed with the code and reason given', async () => {
    await connect();
    await becomeReady();
    peer.close(1008, 'Session not found');
    await until(() => client.state.name === 'closed');
    assert.deepEqual(seen.states.map((state) => state.name), ['open', 'ready', 'closed']);
    assert.deepEqual(client.state, { name: 'closed', code: 1008, reason: 'Session not found' });
  });

  test('keeps what is said before ready and says it then', async () => {
    await connect();
    assert.equal(client.sendAudio(new Uint8Array(640)), 'kept');
    assert.equal(client.sendText('too early'), 'kept');
    const arrived = nextMessages(2);
    await becomeReady();
    const [, text] = await arrived;
    assert.deepEqual(JSON.parse(String(text)), { type: 'text', content: 'too early', seq: 2, resent: true });
  });

  test('numbers audio frames and stamps them with the media time', async () => {
    await connect();
    await becomeReady();
    const arrived = nextMessages(3);
    for (let at = 0; at < 3; at += 1) client.sendAudio(new Uint8Array(640).fill(at));
    const read = (await arrived).map((bytes) => readBinaryFrame(bytes));
    assert.deepEqual(
      read.map((frame) => typeof frame === 'object' && [frame.seq, frame.timestampMs, frame.payload.length, frame.payload[0]]),
      [[1, 0, 640, 0], [2, 20, 640, 1], [3, 40, 640, 2]],
    );
  });

  test('keeps audio that the network does not take yet, and sends it before what comes later', async () => {
    await connect({ maxBufferedBytes: 0 });
    await becomeReady();
    assert.equal(client.sendAudio(new Uint8Array(640)), 'kept');
    assert.equal(client.droppedFrames, 0);
  });

  test('sends text, cancel, ping and played marks as JSON', async () => {
    await connect();
    await becomeReady();
    for (const [send, expected] of [
      [() => client.sendText('hello') === 'sent', { type: 'text', content: 'hello', seq: 1 }],
      [() => client.cancel() === 'sent', { type: 'cancel' }],
      [() => client.ping(), { type: 'ping' }],
      [() => client.played(7) === 'sent', { type: 'played', seq: 7 }],
    ] as const) {
      const message = nextMessage();
      assert.ok(send());
      assert.deepEqual(JSON.parse((await message).toString()), expected);
    }
  });

  test('sends nothing once it has hung up', async () => {
    await connect();
    await becomeReady();
    client.close();
    assert.equal(client.sendAudio(new Uint8Array(640)), 'dropped');
    assert.equal(client.sendText('too late'), 'dropped');
    assert.equal(client.ping(), false);
    await until(() => client.state.name === 'closed');
    assert.deepEqual(client.state, { name: 'closed', code: 1000, reason: 'Caller hung up' });
  });

  test('hands on audio alike, binary or base64', async () => {
    await connect();
    peer.send(writeBinaryFrame({ kind: 1, priority: 1, seq: 4, timestampMs: 60, payload: Uint8Array.of(1, 2) }));
    peer.send(JSON.stringify({ type: 'audio', seq: 5, timestamp: 80, data: 'AwQ=' }));
    await until(() => seen.audio.length === 2);
    assert.deepEqual(
      seen.audio.map((audio) => [audio.seq, audio.timestampMs, ...audio.bytes]),
      [[4, 60, 1, 2], [5, 80, 3, 4]],
    );
  });

  test('passes over what it does not know, saying so, and goes on', async () => {
    await connect();
    for (const message of ['{"type":"goaway","seq":1}', '{"type":"moved","seq":1}', 'not json', '{"type":"text","content":5,"seq":1}', '{"type":"__proto__","seq":1}', '[]']) peer.send(message);
    peer.send(Buffer.from([9, 9, 9]));
    peer.send(JSON.stringify({ type: 'audio', seq: 1, timestamp: 0, data: '%' }));
    peer.send('{"type":"speech_started","seq":2}');
    await until(() => seen.notices.length === 1);
    assert.equal(seen.unknown.length, 8);
    assert.deepEqual(seen.notices, [{ type: 'speech_started', seq: 2 }]);
  });

  test('says why no connection could be made, once it has given up', async () => {
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const state = await new Promise<VoiceClientState>((resolve) => {
      client = new VoiceClient({
        url: `ws://127.0.0.1:${port}/`, socket: WebSocket, giveUpAfterMs: 100,
        listener: { onState: (reached) => (reached.name === 'lost' ? resolve(reached) : undefined) },
      });
    });
    assert.ok(state.name === 'lost');
    assert.match(state.reason, /ECONNREFUSED/);
  });

  test('does not ask again where the gateway refuses it for good', async () => {
    server.options.verifyClient = (_info: unknown, answer: (accept: boolean, status: number) => void) => answer(false, 401);
    const { port } = server.address() as AddressInfo;
    const state = await new Promise<VoiceClientState>((resolve) => {
      client = new VoiceClient({ url: `ws://127.0.0.1:${port}/`, socket: WebSocket, listener: { onState: resolve } });
    });
    assert.ok(state.name === 'closed');
    assert.match(state.reason, /401/);
  });

  test('tries the next gateway where one does not take it', async () => {
    const other = new WebSocketServer({ port: 0, host: '127.0.0.1', verifyClient: (_info: unknown, answer: (accept: boolean, status: number) => void) => answer(false, 503) });
    await once(other, 'listening');
    const port = (at: WebSocketServer): number => (at.address() as AddressInfo).port;
    await connect({ url: `ws://127.0.0.1:${port(other)}/ws/s1`, urls: [`ws://127.0.0.1:${port(server)}/ws/s1`] });
    await becomeReady();
    other.close();
  });
});

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { LostAudio } from './kept-messages.ts';
import { FakeClock, FakeNetwork, type FakeSocket } from './network-fixture.ts';
import { VoiceClient, type AgentAudio, type AgentNotice, type VoiceClientOptions, type VoiceClientState } from './voice-client.ts';

const FRAME = new Uint8Array(640);
/** More than the first attempt waits for. */
const SOON_MS = 60;

let clock: FakeClock;
let network: FakeNetwork;
let client: VoiceClient;
let seen: { states: VoiceClientState[]; notices: AgentNotice[]; audio: AgentAudio[]; lost: LostAudio[] };

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork();
  seen = { states: [], notices: [], audio: [], lost: [] };
});

function start(extra: Partial<VoiceClientOptions> = {}): FakeSocket {
  client = new VoiceClient({
    url: 'ws://one/ws/s1', token: 'secret', socket: network.socket, clock, random: () => 0.5,
    listener: {
      onState: (state) => seen.states.push(state), onNotice: (notice) => seen.notices.push(notice),
      onAudio: (audio) => seen.audio.push(audio), onDropped: (lost) => seen.lost.push(lost),
    },
    ...extra,
  });
  return network.newest;
}

function startReady(extra: Partial<VoiceClientOptions> = {}): FakeSocket {
  const socket = start(extra);
  socket.becomeReady();
  clock.advance(1500);
  socket.say({ type: 'pong', seq: 0 });
  return socket;
}

/** The socket of the next attempt. */
function nextSocket(afterMs = SOON_MS): FakeSocket {
  const before = network.sockets.length;
  clock.advance(afterMs);
  assert.equal(network.sockets.length, before + 1, 'one attempt');
  return network.newest;
}

function names(): string[] {
  return seen.states.map(({ name }) => name);
}

describe('a client whose connection breaks', () => {
  test('resumes behind the last message with its ticket, and sends again what was not committed before what is new', () => {
    const first = startReady();
    for (let i = 0; i < 4; i += 1) client.sendAudio(FRAME);
    client.sendText('hello');
    first.say({ type: 'ack', committed: 2, seq: 0 });
    first.say({ type: 'transcript', role: 'agent', text: 'Hi.', final: true, turn: 1, seq: 7 });
    first.end();
    assert.equal(client.sendAudio(FRAME), 'kept');
    const second = nextSocket();
    assert.equal(second.after, 7);
    assert.deepEqual(second.protocols, ['voxfleet.v1', 'voxfleet.token.secret', 'voxfleet.resume.ticket']);
    second.becomeReady(3);
    assert.equal(client.sendAudio(FRAME), 'sent');
    assert.deepEqual(second.numbers, [4, 5, 6, 7]);
    assert.deepEqual(second.sent.map((sent) => (sent.type === undefined ? sent.flags : sent['resent'])), [1, true, 1, 0]);
    assert.deepEqual(names(), ['open', 'ready', 'reconnecting', 'ready']);
    const resumed = seen.states.at(-1);
    assert.ok(resumed?.name === 'ready');
    assert.deepEqual(resumed.resumed, { awayMs: SOON_MS, attempts: 1, resentMessages: 3, resentAudioMs: 40 });
  });

  test('uses the newest ticket', () => {
    const first = startReady();
    first.say({ type: 'resume_token', token: 'newer', expires_at: '2100-01-01T00:00:00Z', seq: 0 });
    first.end();
    assert.ok(nextSocket().protocols.includes('voxfleet.resume.newer'));
  });

  test('gets everything once and in order, though some of it comes again', () => {
    const first = startReady();
    for (const seq of [1, 2, 3]) first.say({ type: 'audio', data: 'AAA=', timestamp: seq, seq });
    first.end();
    const second = nextSocket();
    second.becomeReady();
    for (const seq of [2, 3, 4]) second.say({ type: 'audio', data: 'AAA=', timestamp: seq, seq });
    second.say({ type: 'text', content: 'again', seq: 4 });
    second.say({ type: 'speech_started', seq: 5 });
    assert.deepEqual(seen.audio.map(({ seq }) => seq), [1, 2, 3, 4]);
    assert.deepEqual(seen.notices.filter(({ type }) => type !== 'ready' && type !== 'pong'), [{ type: 'speech_started', seq: 5 }]);
  });

  test('passes on what the gateway itself says, whatever number it carries', () => {
    const socket = startReady();
    socket.say({ type: 'speech_started', seq: 9 });
    socket.say({ type: 'error', code: 'shed', message: 'too much', seq: 9 });
    socket.say({ type: 'pong', seq: 9 });
    assert.deepEqual(seen.notices.slice(-3).map(({ type }) => type), ['speech_started', 'error', 'pong']);
  });

  test('does not ask a text again that was answered, by a text or an error', () => {
    const first = startReady();
    for (const text of ['one', 'two', 'three']) client.sendText(text);
    first.say({ type: 'text', content: 'an answer', re: 1, seq: 1 });
    first.say({ type: 'error', code: 'cancelled', message: 'was cancelled', re: 2, seq: 2 });
    first.end();
    const second = nextSocket();
    second.becomeReady();
    assert.deepEqual(second.numbers, [3]);
  });

  test('says again which audio was played last, and cancels after what was said before', () => {
    const first = startReady();
    client.played(3);
    client.played(5);
    first.end();
    client.sendText('before');
    assert.equal(client.cancel(), 'kept');
    client.sendText('after');
    const second = nextSocket();
    second.becomeReady();
    assert.deepEqual(second.sent.map((sent) => (sent.type === undefined ? 'audio' : (sent['content'] ?? sent.type))), ['before', 'cancel', 'after', 'played']);
    assert.deepEqual(second.sent.at(-1), { type: 'played', seq: 5 });
  });

  test('tells how far everything came, about twice a second and only where it moved', () => {
    const socket = startReady();
    for (let seq = 1; seq <= 50; seq += 1) {
      socket.say({ type: 'audio', data: 'AAA=', timestamp: seq, seq });
      clock.advance(20);
    }
    clock.advance(1500);
    const acknowledged = socket.sent.filter((sent) => sent.type === 'ack').map((sent) => sent.seq);
    assert.deepEqual(acknowledged, [25, 50]);
  });

  test('does not fill a socket whose network takes nothing, and goes on when it does', () => {
    const first = startReady();
    for (let i = 0; i < 10; i += 1) client.sendAudio(FRAME);
    first.end();
    const second = nextSocket();
    second.onSent = () => (second.bufferedAmount += 30_000);
    second.becomeReady();
    assert.deepEqual(second.numbers, [1, 2, 3]);
    assert.equal(client.sendAudio(FRAME), 'kept');
    second.bufferedAmount = 0;
    clock.advance(20);
    assert.deepEqual(second.numbers, [1, 2, 3, 4, 5, 6]);
    second.onSent = () => undefined;
    second.bufferedAmount = 0;
    clock.advance(20);
    assert.deepEqual(second.numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test('counts and tells what it cannot keep, the oldest first', () => {
    const first = startReady({ keepAudioMs: 100 });
    first.end();
    for (let i = 0; i < 7; i += 1) assert.equal(client.sendAudio(FRAME), 'kept');
    assert.deepEqual(seen.lost, [{ frames: 1, audioMs: 20 }, { frames: 1, audioMs: 20 }]);
    assert.equal(client.droppedFrames, 2);
    const second = nextSocket();
    second.becomeReady();
    assert.deepEqual(second.numbers, [3, 4, 5, 6, 7]);
  });
});

describe('attempts to reconnect', () => {
  test('come at growing distances until it gives up', () => {
    startReady({ giveUpAfterMs: 10_000 }).end();
    const atMs: number[] = [];
    const startMs = clock.nowMs();
    network.onSocket = () => atMs.push(clock.nowMs() - startMs);
    for (let ms = 0; ms < 12_000; ms += 5) {
      clock.advance(5);
      if (network.newest.readyState === 0) network.newest.end(1006, '', 'connect ECONNREFUSED');
    }
    const gaps = atMs.map((ms, i) => ms - (atMs[i - 1] ?? 0));
    assert.ok((gaps[0] ?? 99) <= 50);
    assert.deepEqual(gaps.slice(1).map((gap) => Math.round(gap / 10) * 10), [190, 380, 750, 1500, 3000, 3750]);
    assert.deepEqual(client.state, { name: 'lost', code: 1006, reason: 'connect ECONNREFUSED' });
    assert.equal(client.sendAudio(FRAME), 'dropped');
    const attempts = seen.states.flatMap((state) => (state.name === 'reconnecting' ? [state.attempt] : []));
    assert.deepEqual(attempts, [1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('go to every address before they begin to wait', () => {
    startReady({ urls: ['ws://two/ws/s1', 'ws://three/ws/s1'] }).end();
    const hosts: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      const socket = nextSocket();
      hosts.push(new URL(socket.url).host);
      socket.end();
    }
    assert.deepEqual(hosts.sort(), ['one', 'three', 'two']);
  });

  test('do not wait for an upgrade for ever', () => {
    startReady().end();
    const stuck = nextSocket();
    clock.advance(5000);
    assert.equal(stuck.closedBy, 'client');
    nextSocket(200).becomeReady();
    assert.equal(client.state.name, 'ready');
  });

  test('wait as long as a full fleet asks', () => {
    startReady().end();
    const full = nextSocket();
    full.accept();
    full.say({ type: 'error', code: 'at_capacity', message: 'full', retry_after_ms: 4000, seq: 0 });
    full.end(1013, 'At capacity');
    clock.advance(3900);
    assert.equal(network.newest, full);
    nextSocket(200).becomeReady();
    assert.equal(client.state.name, 'ready');
  });

  test('end where the gateway says that the call is over', () => {
    for (const [code, reason] of [[1000, 'Session over'], [1008, 'Session not found'], [4002, 'Too many invalid messages in a row']] as const) {
      startReady().end();
      const socket = nextSocket();
      socket.accept();
      socket.end(code, reason);
      assert.deepEqual(client.state, { name: 'closed', code, reason });
    }
  });

  test('that no worker takes are repeated in a call, not before one began', () => {
    startReady().end();
    const socket = nextSocket();
    socket.accept();
    socket.end(1013, 'At capacity');
    assert.equal(client.state.name, 'reconnecting');
    const before = start();
    before.accept();
    before.end(1013, 'At capacity');
    assert.deepEqual(client.state, { name: 'closed', code: 1013, reason: 'At capacity' });
  });

  test('go without the ticket once where it was refused, and no further', () => {
    startReady().end();
    const refused = nextSocket();
    refused.accept();
    refused.end(4005, 'Resume token is not valid');
    const second = nextSocket(300);
    assert.deepEqual(second.protocols, ['voxfleet.v1', 'voxfleet.token.secret']);
    second.accept();
    second.end(4005, 'Resume token is not valid');
    assert.equal(client.state.name, 'closed');
  });

  test('are made at once where the network is back', () => {
    startReady().end();
    for (let i = 0; i < 5; i += 1) nextSocket(5000).end();
    const before = network.sockets.length;
    client.reconnectNow();
    assert.equal(network.sockets.length, before + 1);
    network.newest.becomeReady();
    assert.equal(names().at(-1), 'ready');
  });

  test('stop when the caller hangs up', () => {
    startReady().end();
    client.close();
    assert.deepEqual(client.state, { name: 'closed', code: 1000, reason: 'Caller hung up' });
    clock.advance(60_000);
    assert.equal(network.sockets.length, 1);
  });
});

describe('a silent cut', () => {
  test('is noticed by the missing answer to a ping', () => {
    const socket = startReady();
    socket.onSent = (sent) => {
      if (sent.type === 'ping') socket.say({ type: 'pong', seq: 0 });
    };
    clock.advance(20_000);
    assert.equal(names().at(-1), 'ready');
    socket.onSent = () => undefined;
    clock.advance(5000);
    assert.equal(socket.closedBy, 'client');
    assert.deepEqual(names(), ['open', 'ready', 'reconnecting']);
    clock.advance(SOON_MS);
    network.newest.becomeReady();
    assert.equal(names().at(-1), 'ready');
  });

  test('is noticed sooner where the network is known to have changed', () => {
    const socket = startReady();
    clock.advance(400);
    client.reconnectNow();
    assert.deepEqual(socket.sent.at(-1), { type: 'ping' });
    clock.advance(3000);
    assert.equal(client.state.name, 'reconnecting');
  });

  test('lets nothing of the old socket through', () => {
    const old = startReady();
    clock.advance(5000);
    nextSocket().becomeReady();
    old.say({ type: 'speech_started', seq: 1 });
    assert.equal(seen.notices.filter(({ type }) => type === 'speech_started').length, 0);
  });
});

describe('a gateway that says goodbye', () => {
  test('is left when the new connection is ready, and not before', () => {
    const old = startReady({ urls: ['ws://two/ws/s1'] });
    old.say({ type: 'transcript', role: 'agent', text: 'One.', final: true, turn: 1, seq: 1 });
    old.say({ type: 'goaway', reconnect_after_ms: 700, seq: 1 });
    clock.advance(690);
    assert.equal(network.newest, old);
    const next = nextSocket(20);
    assert.equal(new URL(next.url).host, 'two');
    assert.equal(next.after, 1);
    next.accept();
    assert.equal(client.sendAudio(FRAME), 'sent');
    assert.deepEqual(old.numbers, [1]);
    next.becomeReady(0, 1);
    assert.equal(old.closedBy, 'client');
    assert.equal(client.sendAudio(FRAME), 'sent');
    assert.deepEqual(next.numbers, [1, 2]);
    assert.deepEqual(names(), ['open', 'ready', 'ready']);
    const state = seen.states.at(-1);
    assert.ok(state?.name === 'ready');
    assert.equal(state.resumed?.awayMs, 0);
  });

  test('may tell the same things as the next one for a moment: each comes once, in order', () => {
    const old = startReady();
    old.say({ type: 'goaway', reconnect_after_ms: 0, seq: 0 });
    const next = nextSocket();
    next.accept();
    const tell = (socket: FakeSocket, seq: number): void => socket.say({ type: 'audio', data: 'AAA=', timestamp: seq, seq });
    tell(old, 1);
    tell(next, 1);
    tell(next, 2);
    tell(old, 2);
    tell(old, 3);
    next.becomeReady();
    tell(next, 3);
    tell(next, 4);
    tell(old, 4);
    assert.deepEqual(seen.audio.map(({ seq }) => seq), [1, 2, 3, 4]);
  });

  test('closing the old socket as replaced is no event', () => {
    const old = startReady();
    old.say({ type: 'goaway', reconnect_after_ms: 0, seq: 0 });
    const next = nextSocket();
    next.accept();
    old.end(4001, 'Replaced by a newer connection');
    assert.deepEqual(names(), ['open', 'ready']);
    next.becomeReady();
    assert.deepEqual(names(), ['open', 'ready', 'ready']);
  });

  test('may go before its time: the call reconnects as after any cut', () => {
    const old = startReady();
    old.say({ type: 'goaway', reconnect_after_ms: 5000, seq: 0 });
    old.end(1012, 'Gateway restarting');
    assert.equal(client.state.name, 'reconnecting');
    nextSocket().becomeReady();
    assert.equal(client.state.name, 'ready');
  });

  test('is kept while nobody else takes the call', () => {
    const old = startReady();
    old.say({ type: 'goaway', reconnect_after_ms: 0, seq: 0 });
    nextSocket().end(1006, '', 'Unexpected server response: 503');
    nextSocket(200).end();
    assert.equal(client.sendAudio(FRAME), 'sent');
    assert.deepEqual(old.numbers, [1]);
    nextSocket(400).becomeReady();
    assert.deepEqual(names(), ['open', 'ready', 'ready']);
  });
});

describe('being replaced', () => {
  test('by a connection from elsewhere is the end here', () => {
    startReady().end(4001, 'Replaced by a newer connection');
    assert.deepEqual(client.state, { name: 'closed', code: 4001, reason: 'Replaced by a newer connection' });
  });

  test('by an attempt of its own that was given up is not', () => {
    startReady().end();
    nextSocket();
    clock.advance(5000);
    const second = nextSocket(200);
    second.becomeReady();
    clock.advance(1500);
    second.end(4001, 'Replaced by a newer connection');
    nextSocket().becomeReady();
    assert.equal(client.state.name, 'ready');
  });
});

test('hanging up waits for a gateway that does not answer for a second', () => {
  const socket = startReady();
  socket.close = () => undefined;
  client.close();
  assert.equal(client.sendText('late'), 'dropped');
  assert.equal(client.state.name, 'ready');
  clock.advance(1000);
  assert.deepEqual(client.state, { name: 'closed', code: 1000, reason: 'Caller hung up' });
});

test('an address that is none is told at once', () => {
  assert.throws(() => start({ url: 'nowhere' }), TypeError);
  assert.throws(() => start({ urls: ['neither'] }), TypeError);
});

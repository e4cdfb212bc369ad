import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Caller, FRAME, SOON_MS } from './client-fixture.ts';
import type { FakeSocket } from './network-fixture.ts';

describe('attempts to reconnect', () => {
  test('come at growing distances until it gives up', () => {
    const caller = Caller.cut({ giveUpAfterMs: 10_000 });
    const atMs: number[] = [];
    const startMs = caller.clock.nowMs();
    caller.network.onSocket = () => atMs.push(caller.clock.nowMs() - startMs);
    for (let ms = 0; ms < 12_000; ms += 5) {
      caller.clock.advance(5);
      if (caller.network.newest.readyState === 0) caller.network.newest.end(1006, '', 'connect ECONNREFUSED');
    }
    const gaps = atMs.map((ms, i) => ms - (atMs[i - 1] ?? 0));
    assert.ok((gaps[0] ?? 99) <= 50);
    assert.deepEqual(gaps.slice(1).map((gap) => Math.round(gap / 10) * 10), [190, 380, 750, 1500, 3000, 3750]);
    assert.deepEqual(caller.client.state, { name: 'lost', code: 1006, reason: 'connect ECONNREFUSED' });
    assert.equal(caller.client.sendAudio(FRAME), 'dropped');
    const attempts = caller.states.flatMap((state) => (state.name === 'reconnecting' ? [state.attempt] : []));
    assert.deepEqual(attempts, [1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('go to every address before they begin to wait', () => {
    const caller = Caller.cut({ urls: ['ws://two/ws/s1', 'ws://three/ws/s1'] });
    const hosts: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      const socket = caller.nextSocket();
      hosts.push(new URL(socket.url).host);
      socket.end();
    }
    assert.deepEqual(hosts.sort(), ['one', 'three', 'two']);
  });

  test('do not wait for an upgrade for ever', () => {
    const caller = Caller.cut();
    const stuck = caller.nextSocket();
    caller.clock.advance(5000);
    assert.equal(stuck.closedBy, 'client');
    caller.nextSocket(200).becomeReady();
    assert.equal(caller.client.state.name, 'ready');
  });

  test('wait as long as a full fleet asks', () => {
    const caller = Caller.cut();
    const full = caller.nextSocket();
    full.accept();
    full.say({ type: 'error', code: 'at_capacity', message: 'full', retry_after_ms: 4000, seq: 0 });
    full.end(1013, 'At capacity');
    caller.clock.advance(3900);
    assert.equal(caller.network.newest, full);
    caller.nextSocket(200).becomeReady();
    assert.equal(caller.client.state.name, 'ready');
  });

  test('end where the gateway says that the call is over', () => {
    for (const [code, reason] of [[1000, 'Session over'], [1008, 'Session not found'], [4002, 'Too many invalid messages in a row']] as const) {
      const caller = Caller.cut();
      const socket = caller.nextSocket();
      socket.accept();
      socket.end(code, reason);
      assert.deepEqual(caller.client.state, { name: 'closed', code, reason });
    }
  });

  test('that no worker takes are repeated in a call, not before one began', () => {
    const caller = Caller.cut();
    const socket = caller.nextSocket();
    socket.accept();
    socket.end(1013, 'At capacity');
    assert.equal(caller.client.state.name, 'reconnecting');
    const early = new Caller();
    const before = early.network.newest;
    before.accept();
    before.end(1013, 'At capacity');
    assert.deepEqual(early.client.state, { name: 'closed', code: 1013, reason: 'At capacity' });
  });

  test('go without the ticket once where it was refused, and no further', () => {
    const caller = Caller.cut();
    const refused = caller.nextSocket();
    refused.accept();
    refused.end(4005, 'Resume token is not valid');
    const second = caller.nextSocket(300);
    assert.deepEqual(second.protocols, ['voxfleet.v1', 'voxfleet.token.secret']);
    second.accept();
    second.end(4005, 'Resume token is not valid');
    assert.equal(caller.client.state.name, 'closed');
  });

  test('are made at once where the network is back', () => {
    const caller = Caller.cut();
    for (let i = 0; i < 5; i += 1) caller.nextSocket(5000).end();
    const before = caller.network.sockets.length;
    caller.client.reconnectNow();
    assert.equal(caller.network.sockets.length, before + 1);
    caller.network.newest.becomeReady();
    assert.equal(caller.stateNames.at(-1), 'ready');
  });

  test('stop when the caller hangs up', () => {
    const caller = Caller.cut();
    caller.client.close();
    assert.deepEqual(caller.client.state, { name: 'closed', code: 1000, reason: 'Caller hung up' });
    caller.clock.advance(60_000);
    assert.equal(caller.network.sockets.length, 1);
  });
});

describe('a silent cut', () => {
  test('is noticed by the missing answer to a ping', () => {
    const { caller, socket } = Caller.ready();
    socket.onSent = (sent) => {
      if (sent.type === 'ping') socket.say({ type: 'pong', seq: 0 });
    };
    caller.clock.advance(20_000);
    assert.equal(caller.stateNames.at(-1), 'ready');
    socket.onSent = () => undefined;
    caller.clock.advance(5000);
    assert.equal(socket.closedBy, 'client');
    assert.deepEqual(caller.stateNames, ['open', 'ready', 'reconnecting']);
    caller.clock.advance(SOON_MS);
    caller.network.newest.becomeReady();
    assert.equal(caller.stateNames.at(-1), 'ready');
  });

  test('is noticed sooner where the network is known to have changed', () => {
    const { caller, socket } = Caller.ready();
    caller.clock.advance(400);
    caller.client.reconnectNow();
    assert.deepEqual(socket.sent.at(-1), { type: 'ping' });
    caller.clock.advance(3000);
    assert.equal(caller.client.state.name, 'reconnecting');
  });

  test('lets nothing of the old socket through', () => {
    const { caller, socket: old } = Caller.ready();
    caller.clock.advance(5000);
    caller.nextSocket().becomeReady();
    old.say({ type: 'speech_started', seq: 1 });
    assert.equal(caller.notices.filter(({ type }) => type === 'speech_started').length, 0);
  });
});

describe('a gateway that says goodbye', () => {
  test('is left when the new connection is ready, and not before', () => {
    const { caller, socket: old } = Caller.ready({ urls: ['ws://two/ws/s1'] });
    old.say({ type: 'transcript', role: 'agent', text: 'One.', final: true, turn: 1, seq: 1 });
    old.say({ type: 'goaway', reconnect_after_ms: 700, seq: 1 });
    caller.clock.advance(690);
    assert.equal(caller.network.newest, old);
    const next = caller.nextSocket(20);
    assert.equal(new URL(next.url).host, 'two');
    assert.equal(next.after, 1);
    next.accept();
    assert.equal(caller.client.sendAudio(FRAME), 'sent');
    assert.deepEqual(old.numbers, [1]);
    next.becomeReady(0, 1);
    assert.equal(old.closedBy, 'client');
    assert.equal(caller.client.sendAudio(FRAME), 'sent');
    assert.deepEqual(next.numbers, [1, 2]);
    assert.deepEqual(caller.stateNames, ['open', 'ready', 'ready']);
    const state = caller.states.at(-1);
    assert.ok(state?.name === 'ready');
    assert.equal(state.resumed?.awayMs, 0);
  });

  test('may tell the same things as the next one for a moment: each comes once, in order', () => {
    const { caller, socket: old } = Caller.ready();
    old.say({ type: 'goaway', reconnect_after_ms: 0, seq: 0 });
    const next = caller.nextSocket();
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
    assert.deepEqual(caller.audio.map(({ seq }) => seq), [1, 2, 3, 4]);
  });

  test('closing the old socket as replaced is no event', () => {
    const { caller, socket: old } = Caller.ready();
    old.say({ type: 'goaway', reconnect_after_ms: 0, seq: 0 });
    const next = caller.nextSocket();
    next.accept();
    old.end(4001, 'Replaced by a newer connection');
    assert.deepEqual(caller.stateNames, ['open', 'ready']);
    next.becomeReady();
    assert.deepEqual(caller.stateNames, ['open', 'ready', 'ready']);
  });

  test('may go before its time: the call reconnects as after any cut', () => {
    const { caller, socket: old } = Caller.ready();
    old.say({ type: 'goaway', reconnect_after_ms: 5000, seq: 0 });
    old.end(1012, 'Gateway restarting');
    assert.equal(caller.client.state.name, 'reconnecting');
    caller.nextSocket().becomeReady();
    assert.equal(caller.client.state.name, 'ready');
  });

  test('is kept while nobody else takes the call', () => {
    const { caller, socket: old } = Caller.ready();
    old.say({ type: 'goaway', reconnect_after_ms: 0, seq: 0 });
    caller.nextSocket().end(1006, '', 'Unexpected server response: 503');
    caller.nextSocket(200).end();
    assert.equal(caller.client.sendAudio(FRAME), 'sent');
    assert.deepEqual(old.numbers, [1]);
    caller.nextSocket(400).becomeReady();
    assert.deepEqual(caller.stateNames, ['open', 'ready', 'ready']);
  });
});

describe('being replaced', () => {
  test('by a connection from elsewhere is the end here', () => {
    const { caller, socket } = Caller.ready();
    socket.end(4001, 'Replaced by a newer connection');
    assert.deepEqual(caller.client.state, { name: 'closed', code: 4001, reason: 'Replaced by a newer connection' });
  });

  test('by an attempt of its own that was given up is not', () => {
    const caller = Caller.cut();
    caller.nextSocket();
    caller.clock.advance(5000);
    const second = caller.nextSocket(200);
    second.becomeReady();
    caller.clock.advance(1500);
    second.end(4001, 'Replaced by a newer connection');
    caller.nextSocket().becomeReady();
    assert.equal(caller.client.state.name, 'ready');
  });

  test('by an attempt of its own that was cut before it could say so is not', () => {
    const { caller, socket: old } = Caller.ready();
    old.say({ type: 'goaway', reconnect_after_ms: 0, seq: 0 });
    const next = caller.nextSocket();
    next.accept();
    next.end();
    old.end(4001, 'Replaced by a newer connection');
    caller.nextSocket(200).becomeReady();
    assert.equal(caller.client.state.name, 'ready');
  });
});

test('hanging up waits for a gateway that does not answer for a second', () => {
  const { caller, socket } = Caller.ready();
  socket.close = () => undefined;
  caller.client.close();
  assert.equal(caller.client.sendText('late'), 'dropped');
  assert.equal(caller.client.state.name, 'ready');
  caller.clock.advance(1000);
  assert.deepEqual(caller.client.state, { name: 'closed', code: 1000, reason: 'Caller hung up' });
});

test('an address that is none is told at once', () => {
  assert.throws(() => new Caller({ url: 'nowhere' }), TypeError);
  assert.throws(() => new Caller({ urls: ['neither'] }), TypeError);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Caller, FRAME, SOON_MS } from './client-fixture.ts';

describe('a client whose connection breaks', () => {
  test('resumes behind the last message with its ticket, and sends again what was not committed before what is new', () => {
    const { caller, socket: first } = Caller.ready();
    for (let i = 0; i < 4; i += 1) caller.client.sendAudio(FRAME);
    caller.client.sendText('hello');
    first.say({ type: 'ack', committed: 2, seq: 0 });
    first.say({ type: 'transcript', role: 'agent', text: 'Hi.', final: true, turn: 1, seq: 7 });
    first.end();
    assert.equal(caller.client.sendAudio(FRAME), 'kept');
    const second = caller.nextSocket();
    assert.equal(second.after, 7);
    assert.deepEqual(second.protocols, ['voxfleet.v1', 'voxfleet.token.secret', 'voxfleet.resume.ticket']);
    second.becomeReady(3);
    assert.equal(caller.client.sendAudio(FRAME), 'sent');
    assert.deepEqual(second.numbers, [4, 5, 6, 7]);
    assert.deepEqual(second.sent.map((sent) => (sent.type === undefined ? sent.flags : sent['resent'])), [1, true, 1, 0]);
    assert.deepEqual(caller.stateNames, ['open', 'ready', 'reconnecting', 'ready']);
    const resumed = caller.states.at(-1);
    assert.ok(resumed?.name === 'ready');
    assert.deepEqual(resumed.resumed, { awayMs: SOON_MS, attempts: 1, resentMessages: 3, resentAudioMs: 40 });
  });

  test('uses the newest ticket', () => {
    const { caller, socket: first } = Caller.ready();
    first.say({ type: 'resume_token', token: 'newer', expires_at: '2100-01-01T00:00:00Z', seq: 0 });
    first.end();
    assert.ok(caller.nextSocket().protocols.includes('voxfleet.resume.newer'));
  });

  test('gets everything once and in order, though some of it comes again', () => {
    const { caller, socket: first } = Caller.ready();
    for (const seq of [1, 2, 3]) first.say({ type: 'audio', data: 'AAA=', timestamp: seq, seq });
    first.end();
    const second = caller.nextSocket();
    second.becomeReady();
    for (const seq of [2, 3, 4]) second.say({ type: 'audio', data: 'AAA=', timestamp: seq, seq });
    second.say({ type: 'text', content: 'again', seq: 4 });
    second.say({ type: 'speech_started', seq: 5 });
    assert.deepEqual(caller.audio.map(({ seq }) => seq), [1, 2, 3, 4]);
    assert.deepEqual(caller.notices.filter(({ type }) => type !== 'ready' && type !== 'pong'), [{ type: 'speech_started', seq: 5 }]);
  });

  test('passes on what the gateway itself says, whatever number it carries', () => {
    const { caller, socket } = Caller.ready();
    socket.say({ type: 'speech_started', seq: 9 });
    socket.say({ type: 'error', code: 'shed', message: 'too much', seq: 9 });
    socket.say({ type: 'pong', seq: 9 });
    assert.deepEqual(caller.notices.slice(-3).map(({ type }) => type), ['speech_started', 'error', 'pong']);
  });

  test('does not ask a text again that was answered, by a text or an error', () => {
    const { caller, socket: first } = Caller.ready();
    for (const text of ['one', 'two', 'three']) caller.client.sendText(text);
    first.say({ type: 'text', content: 'an answer', re: 1, seq: 1 });
    first.say({ type: 'error', code: 'cancelled', message: 'was cancelled', re: 2, seq: 2 });
    first.end();
    const second = caller.nextSocket();
    second.becomeReady();
    assert.deepEqual(second.numbers, [3]);
  });

  test('is told once that a gateway refused a text, though the refusal carries no number of its own', () => {
    const { caller, socket } = Caller.ready();
    socket.say({ type: 'speech_started', seq: 4 });
    caller.client.sendText('too much');
    const refusal = { type: 'error', code: 'too_many_waiting', message: 'not taken', re: 1, seq: 4 };
    socket.say(refusal);
    socket.say(refusal);
    assert.deepEqual(caller.notices.filter(({ type }) => type === 'error'), [refusal]);
  });

  test('is told that audio was refused, and does not send it again', () => {
    const { caller, socket: first } = Caller.ready();
    first.say({ type: 'speech_started', seq: 4 });
    caller.client.sendAudio(FRAME);
    caller.client.sendAudio(FRAME);
    const refusal = { type: 'error', code: 'audio_too_large', message: 'too large', re: 1, seq: 4 };
    first.say(refusal);
    first.end();
    const second = caller.nextSocket();
    second.becomeReady();
    assert.deepEqual(caller.notices.filter(({ type }) => type === 'error'), [refusal]);
    assert.deepEqual(second.numbers, [2]);
  });

  test('counts a worker’s error as a message: it is not asked for again, and not told again', () => {
    const { caller, socket: first } = Caller.ready();
    const error = { type: 'error', code: 'recognizer_failed', message: 'failed', seq: 1 };
    first.say(error);
    first.end();
    const second = caller.nextSocket();
    assert.equal(second.after, 1);
    second.becomeReady();
    second.say({ type: 'speech_started', seq: 2 });
    second.say(error);
    assert.deepEqual(caller.notices.filter(({ type }) => type === 'error'), [error]);
  });

  test('tells the next connection what the one before it still brought', () => {
    const { caller, socket: old } = Caller.ready();
    old.say({ type: 'goaway', reconnect_after_ms: 10, seq: 0 });
    const next = caller.nextSocket();
    old.say({ type: 'speech_started', seq: 1 });
    next.becomeReady();
    assert.deepEqual(next.sent.filter(({ type }) => type === 'ack').map(({ seq }) => seq), [1]);
  });

  test('says again which audio was played last, and cancels after what was said before', () => {
    const { caller, socket: first } = Caller.ready();
    caller.client.played(3);
    caller.client.played(5);
    first.end();
    caller.client.sendText('before');
    assert.equal(caller.client.cancel(), 'kept');
    caller.client.sendText('after');
    const second = caller.nextSocket();
    second.becomeReady();
    assert.deepEqual(second.sent.map((sent) => (sent.type === undefined ? 'audio' : (sent['content'] ?? sent.type))), ['before', 'cancel', 'after', 'played']);
    assert.deepEqual(second.sent.at(-1), { type: 'played', seq: 5 });
  });

  test('tells how far everything came, about twice a second and only where it moved', () => {
    const { caller, socket } = Caller.ready();
    for (let seq = 1; seq <= 50; seq += 1) {
      socket.say({ type: 'audio', data: 'AAA=', timestamp: seq, seq });
      caller.clock.advance(20);
    }
    caller.clock.advance(1500);
    const acknowledged = socket.sent.filter((sent) => sent.type === 'ack').map((sent) => sent.seq);
    assert.deepEqual(acknowledged, [25, 50]);
  });

  test('does not fill a socket whose network takes nothing, and goes on when it does', () => {
    const { caller, socket: first } = Caller.ready();
    for (let i = 0; i < 10; i += 1) caller.client.sendAudio(FRAME);
    first.end();
    const second = caller.nextSocket();
    second.onSent = () => (second.bufferedAmount += 30_000);
    second.becomeReady();
    assert.deepEqual(second.numbers, [1, 2, 3]);
    assert.equal(caller.client.sendAudio(FRAME), 'kept');
    second.bufferedAmount = 0;
    caller.clock.advance(20);
    assert.deepEqual(second.numbers, [1, 2, 3, 4, 5, 6]);
    second.onSent = () => undefined;
    second.bufferedAmount = 0;
    caller.clock.advance(20);
    assert.deepEqual(second.numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test('counts and tells what it cannot keep, the oldest first', () => {
    const { caller, socket: first } = Caller.ready({ keepAudioMs: 100 });
    first.end();
    for (let i = 0; i < 7; i += 1) assert.equal(caller.client.sendAudio(FRAME), 'kept');
    assert.deepEqual(caller.lost, [{ frames: 1, audioMs: 20 }, { frames: 1, audioMs: 20 }]);
    assert.equal(caller.client.droppedFrames, 2);
    const second = caller.nextSocket();
    second.becomeReady();
    assert.deepEqual(second.numbers, [3, 4, 5, 6, 7]);
  });
});

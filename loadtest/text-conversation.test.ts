import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { TextConversation, type ConversationOutcome } from './text-conversation.ts';
import { questionnaireOf } from './text-questions.ts';

const { questions } = questionnaireOf(0, 6);

/** A server that treats each message by `answer`, given the socket and what to repeat. */
async function asked(context: TestContext, answer: (peer: WebSocket, content: string, place: number) => void, silenceMs = 5000): Promise<ConversationOutcome> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  context.after(() => server.close());
  await once(server, 'listening');
  server.on('connection', (peer) => {
    let place = 0;
    peer.on('message', (data: Buffer) => {
      const { content } = JSON.parse(data.toString()) as { content: string };
      answer(peer, content, place);
      place += 1;
    });
  });
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  context.after(() => socket.terminate());
  await once(socket, 'open');
  return new TextConversation(socket, questions).run(3, silenceMs);
}

function reply(peer: WebSocket, content: string, type = 'text'): void {
  peer.send(JSON.stringify({ type, content, seq: 1 }));
}

test('right answers in order are all counted, each with its duration', async (context) => {
  const outcome = await asked(context, (peer, content) => reply(peer, content));
  assert.deepEqual([outcome.right, outcome.wrong, outcome.missing, outcome.faults], [6, 0, 0, []]);
  assert.equal(outcome.durationsMs.length, 6);
  assert.ok(outcome.durationsMs.every((ms) => ms >= 0));
});

test('two answers out of order are two wrong answers', async (context) => {
  const held: string[] = [];
  const outcome = await asked(context, (peer, content, place) => {
    if (place === 1) held.push(content);
    else for (const each of [content, ...held.splice(0)]) reply(peer, each);
  });
  assert.deepEqual([outcome.right, outcome.wrong, outcome.missing], [4, 2, 0]);
  assert.match(outcome.faults[0] ?? '', /message 1 "connection 0 says number 1": expected .*number 1"/);
});

test('an answer given twice, and any message that is no text, is wrong', async (context) => {
  const twice = await asked(context, (peer, content, place) => {
    reply(peer, content);
    if (place === 2) reply(peer, content);
  });
  assert.ok(twice.wrong >= 1 && twice.right < 6);
  const error = await asked(context, (peer, content, place) => reply(peer, content, place === 3 ? 'error' : 'text'));
  assert.deepEqual([error.right, error.wrong, error.missing], [5, 1, 0]);
});

test('answers that never come are missing, after a silence or at once when the connection is closed', async (context) => {
  const silent = await asked(context, (peer, content, place) => {
    if (place < 4) reply(peer, content);
  }, 1000);
  assert.deepEqual([silent.right, silent.wrong, silent.missing], [4, 0, 2]);
  const closed = await asked(context, (peer, content, place) => {
    if (place < 2) reply(peer, content);
    else peer.close(1013, 'At capacity');
  });
  assert.deepEqual([closed.right, closed.wrong, closed.missing, closed.faults], [2, 0, 4, ['closed with 1013 "At capacity"']]);
});

test('every repetition is unlike all others, and every sum has one right answer', () => {
  const all = [0, 2, 4].flatMap((connection) => questionnaireOf(connection, 100).questions);
  assert.equal(new Set(all.map(({ content }) => content)).size, 300);
  const [sum] = questionnaireOf(1, 1).questions;
  assert.equal(sum?.content, 'what is 1 plus 0');
  for (const [answer, isRight] of [['One plus zero is one.', true], ['1 + 0 = 1', true], ['One plus zero is ten.', false], ['11', false]] as const) {
    assert.equal(sum.isAnsweredBy(answer), isRight, answer);
  }
});

import assert from 'node:assert/strict';
import { once, EventEmitter } from 'node:events';
import { after, before, test, type TestContext } from 'node:test';
import { createLog } from '../runtime/log.ts';
import { startNats } from '../testing/servers.ts';
import { Batcher } from './batcher.ts';
import { BusError, type Bus, type BusMessage } from './bus.ts';
import { connectBus } from './nats-bus.ts';
import { ENVELOPE_TYPE, readBatch } from '../protocol/envelope.ts';
import { gatewaySubject, lostSubject, workerOfLostSubject, workerSubject } from './subjects.ts';

const log = createLog({ tier: 'test', id: 'bus', level: 'silent' });
const NO_DATA = new Uint8Array(0);

let server: Awaited<ReturnType<typeof startNats>>;

before(async () => {
  server = await startNats();
});

after(async () => {
  await server.stop();
});

/** A connection of its own to the test's server, closed with the test. */
async function member(context: TestContext, url = server.url): Promise<Bus> {
  const bus = await connectBus({ url, name: context.name.slice(0, 20), log });
  context.after(() => bus.close());
  return bus;
}

/** Keeps messages and lets a test wait until there are enough. */
class Inbox {
  readonly messages: BusMessage[] = [];
  readonly #arrivals = new EventEmitter();
  readonly take = (message: BusMessage): void => {
    this.messages.push(message);
    this.#arrivals.emit('message');
  };

  async first(count: number): Promise<readonly BusMessage[]> {
    while (this.messages.length < count) await once(this.#arrivals, 'message', { signal: AbortSignal.timeout(60_000) });
    return this.messages.slice(0, count);
  }

  async texts(count: number): Promise<string[]> {
    return (await this.first(count)).map(({ data }) => Buffer.from(data).toString());
  }
}

/** Resolves when the server has taken in every subscription and message of this connection so far. */
async function settled(bus: Bus): Promise<void> {
  const inbox = new Inbox();
  const subject = `test.settled.${Math.random().toString(36).slice(2)}`;
  const subscription = bus.subscribe(subject, inbox.take);
  bus.publish(subject, NO_DATA);
  await inbox.first(1);
  subscription.stop();
}

test('what was sent is sent: its memory may be used for something else, and no sooner', async (context) => {
  const [sender, receiver] = [await member(context), await member(context)];
  const inbox = new Inbox();
  receiver.subscribe('test.reuse', inbox.take);
  await settled(receiver);
  const data = Buffer.from('first');
  assert.ok(sender.hasSentAll());
  sender.publish('test.reuse', data);
  assert.equal(sender.hasSentAll(), false);
  while (!sender.hasSentAll()) await new Promise((resolve) => setImmediate(resolve));
  data.write('other');
  sender.publish('test.reuse', data);
  assert.deepEqual(await inbox.texts(2), ['first', 'other']);
});

test('messages of one publisher arrive at every subscriber, in order', async (context) => {
  const [publisher, ...subscribers] = await Promise.all([member(context), member(context), member(context)]);
  const inboxes = subscribers.map((bus) => {
    const inbox = new Inbox();
    bus.subscribe('test.order', inbox.take);
    return inbox;
  });
  await Promise.all(subscribers.map(settled));
  const sent = Array.from({ length: 1000 }, (_, i) => String(i));
  for (const text of sent) assert.equal(publisher.publish('test.order', Buffer.from(text)), true);
  for (const inbox of inboxes) assert.deepEqual(await inbox.texts(1000), sent);
});

test('a wildcard subscription hears the subject a message was sent to', async (context) => {
  const bus = await member(context);
  const inbox = new Inbox();
  bus.subscribe('test.wild.*', inbox.take);
  bus.publish('test.wild.one', NO_DATA);
  const [message] = await inbox.first(1);
  assert.equal(message?.subject, 'test.wild.one');
  assert.equal(message.noResponders, false, 'an empty message is not yet the word that nobody listens');
});

test('of a queue group exactly one member gets each message', async (context) => {
  const buses = await Promise.all([member(context), member(context), member(context)]);
  const all = new Inbox();
  for (const bus of buses) bus.subscribe('test.queue', all.take, 'workers');
  await Promise.all(buses.map(settled));
  const [publisher] = buses;
  for (let i = 0; i < 100; i += 1) publisher.publish('test.queue', Buffer.from(String(i)));
  const texts = await all.texts(100);
  await Promise.all(buses.map(settled));
  assert.equal(all.messages.length, 100);
  assert.equal(new Set(texts).size, 100);
});

test('a stopped subscription hears nothing more', async (context) => {
  const bus = await member(context);
  const inbox = new Inbox();
  const subscription = bus.subscribe('test.stop', inbox.take);
  bus.publish('test.stop', Buffer.from('heard'));
  await inbox.first(1);
  subscription.stop();
  bus.publish('test.stop', Buffer.from('not heard'));
  await settled(bus);
  assert.equal(inbox.messages.length, 1);
});

test('a request gets its answer', async (context) => {
  const [asking, answering] = await Promise.all([member(context), member(context)]);
  answering.subscribe('test.ask', (message) => message.respond(Buffer.from(`${Buffer.from(message.data).toString()}!`)));
  await settled(answering);
  assert.equal(Buffer.from(await asking.request('test.ask', Buffer.from('hello'), 60_000)).toString(), 'hello!');
});

test('a request where nobody listens fails at once, and one that is not answered by its timeout', async (context) => {
  const bus = await member(context);
  const startedMs = performance.now();
  await assert.rejects(bus.request('test.nobody', NO_DATA, 60_000), { name: 'BusError', failure: 'no_responders', message: 'no answer on test.nobody: no_responders' });
  assert.ok(performance.now() - startedMs < 30_000);
  bus.subscribe('test.mute', () => undefined);
  await assert.rejects(bus.request('test.mute', NO_DATA, 50), (error) => error instanceof BusError && error.failure === 'timeout');
});

test('a handler that throws harms no other message', async (context) => {
  const bus = await member(context);
  const inbox = new Inbox();
  bus.subscribe('test.throw', (message) => {
    if (message.data.length === 0) throw new Error('cannot read this');
    inbox.take(message);
  });
  bus.publish('test.throw', NO_DATA);
  bus.publish('test.throw', Buffer.from('fine'));
  assert.deepEqual(await inbox.texts(1), ['fine']);
});

test('a gateway hears on the reply subject of its batch that the worker is gone, and nothing while it is there', async (context) => {
  const [gateway, worker] = await Promise.all([member(context), connectBus({ url: server.url, name: 'worker', log })]);
  const [lost, ingress] = [new Inbox(), new Inbox()];
  const subject = workerSubject('w1');
  gateway.subscribe(lostSubject('g1', '*'), lost.take);
  worker.subscribe(subject, ingress.take);
  await Promise.all([settled(gateway), settled(worker)]);
  gateway.publish(subject, Buffer.from('audio'), lostSubject('g1', 'w1'));
  await ingress.first(1);
  await settled(gateway);
  assert.equal(lost.messages.length, 0);
  await worker.close();
  gateway.publish(subject, Buffer.from('audio'), lostSubject('g1', 'w1'));
  const [message] = await lost.first(1);
  assert.equal(message?.noResponders, true);
  assert.equal(workerOfLostSubject(message.subject), 'w1');
});

test('batches of many sessions arrive whole and in order', async (context) => {
  const [gateway, worker] = await Promise.all([member(context), member(context)]);
  const inbox = new Inbox();
  worker.subscribe(gatewaySubject('batched'), inbox.take);
  await settled(worker);
  const batcher = new Batcher((batch) => void gateway.publish(gatewaySubject('batched'), batch));
  const slotsPerSeq = 10;
  for (let i = 0; i < 2000; i += 1) {
    const envelope = { type: ENVELOPE_TYPE.speech, lane: 2, flags: 0, slot: i % slotsPerSeq, fence: 1, seq: Math.floor(i / slotsPerSeq), stampUs: 0, mediaMs: 0 };
    batcher.add({ ...envelope, payload: Buffer.alloc(640, i % 256) });
  }
  const nextSeq = new Map<number, number>();
  let seen = 0;
  for (let messages = 1; seen < 2000; messages += 1) {
    const batch = (await inbox.first(messages)).at(-1)?.data ?? NO_DATA;
    const fault = readBatch(batch, ({ slot, seq, payload }) => {
      assert.equal(seq, nextSeq.get(slot) ?? 0);
      assert.ok(payload.length === 640 && payload.every((byte) => byte === seen % 256));
      nextSeq.set(slot, seq + 1);
      seen += 1;
    });
    assert.equal(fault, undefined);
  }
});

test('while the server is down nothing is published or asked, and all works again when it is back', async (context) => {
  const own = await startNats();
  const bus = await member(context, own.url);
  const inbox = new Inbox();
  const changes = new EventEmitter();
  const heard: boolean[] = [];
  bus.onConnection((connected) => {
    heard.push(connected);
    changes.emit('change');
  });
  bus.subscribe('test.back', inbox.take);
  assert.equal(bus.publish('test.back', Buffer.from('before')), true);
  await inbox.first(1);
  const down = once(changes, 'change');
  await own.kill('SIGKILL');
  await down;
  assert.equal(bus.connected, false);
  assert.equal(bus.publish('test.back', Buffer.from('lost')), false);
  await assert.rejects(bus.request('test.back', NO_DATA, 5000), { failure: 'disconnected' });
  const up = once(changes, 'change');
  const back = await startNats({ port: own.port });
  context.after(() => back.stop());
  await up;
  assert.equal(bus.connected, true);
  assert.equal(bus.publish('test.back', Buffer.from('after')), true);
  assert.deepEqual(await inbox.texts(2), ['before', 'after'], 'the subscription is back by itself, what was refused is not sent later');
  assert.deepEqual(heard, [false, true]);
});

test('closing sends what is waiting; whatever comes later is as if disconnected, and closing twice does no harm', async (context) => {
  const listener = await member(context);
  const inbox = new Inbox();
  listener.subscribe('test.close', inbox.take);
  await settled(listener);
  const bus = await connectBus({ url: server.url, name: 'closing', log });
  bus.publish('test.close', Buffer.from('last words'));
  const closed = bus.close();
  assert.equal(bus.publish('test.close', Buffer.from('too late')), false);
  await Promise.all([closed, bus.close()]);
  assert.equal(bus.connected, false);
  assert.equal(bus.publish('test.close', Buffer.from('much too late')), false);
  await assert.rejects(bus.request('test.close', NO_DATA, 100), { failure: 'disconnected' });
  assert.deepEqual(await inbox.texts(1), ['last words']);
});

test('an answer that is ready only after the bus was closed is lost without a throw', async (context) => {
  const asking = await member(context);
  const answering = await connectBus({ url: server.url, name: 'late', log });
  const inbox = new Inbox();
  answering.subscribe('test.late', inbox.take);
  await settled(answering);
  const lost = assert.rejects(asking.request('test.late', NO_DATA, 200), { failure: 'timeout' });
  const [question] = await inbox.first(1);
  await answering.close();
  question?.respond(Buffer.from('too late'));
  await lost;
});

test('a bus that cannot be reached at first is an error, not a silent retry', async () => {
  const gone = await startNats();
  await gone.stop();
  await assert.rejects(connectBus({ url: gone.url, name: 'nobody', log }));
});

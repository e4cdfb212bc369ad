import assert from 'node:assert/strict';
import { once, EventEmitter } from 'node:events';
import { test, type TestContext } from 'node:test';
import { createLog } from '../runtime/log.ts';
import type { FleetServer } from '../testing/fleet-server.ts';
import { natsCluster } from '../testing/fleet-servers.ts';
import { startNats } from '../testing/servers.ts';
import type { Bus } from './bus.ts';
import { connectBus } from './nats-bus.ts';

const log = createLog({ tier: 'test', id: 'bus', level: 'silent' });
const NO_DATA = new Uint8Array(0);

/** A connection whose first server is the given one. */
async function member(context: TestContext, url: string): Promise<Bus> {
  const bus = await connectBus({ url, name: context.name.slice(0, 20), log });
  context.after(() => bus.close());
  return bus;
}

async function cluster(context: TestContext): Promise<readonly FleetServer[]> {
  const { servers } = await natsCluster(() => undefined);
  context.after(() => Promise.all(servers.map((server) => server.stop())));
  return servers;
}

/** What becomes of a connection, with when. */
function changesOf(bus: Bus): { readonly heard: { readonly connected: boolean; readonly atMs: number }[]; until(connected: boolean): Promise<number> } {
  const heard: { connected: boolean; atMs: number }[] = [];
  const changes = new EventEmitter();
  bus.onConnection((connected) => {
    heard.push({ connected, atMs: performance.now() });
    changes.emit('change');
  });
  return {
    heard,
    until: async (connected) => {
      for (;;) {
        const found = heard.find((change) => change.connected === connected);
        if (found !== undefined) return found.atMs;
        await once(changes, 'change', { signal: AbortSignal.timeout(60_000) });
      }
    },
  };
}

/** Publishes until a message has come through, as a gateway sends again what was not committed. */
async function untilHeard(from: Bus, to: Bus, subject: string): Promise<void> {
  const arrivals = new EventEmitter();
  const subscription = to.subscribe(subject, () => arrivals.emit('message'));
  const sending = setInterval(() => from.publish(subject, NO_DATA), 10);
  try {
    await once(arrivals, 'message', { signal: AbortSignal.timeout(60_000) });
  } finally {
    clearInterval(sending);
    subscription.stop();
  }
}

test('when a node of the cluster is killed, who was there is at another one at once, and nobody else notices', async (context) => {
  const servers = await cluster(context);
  const [first, second, third] = servers.map(({ url }) => url);
  // One address each, to know where each is; the others are learned from the cluster.
  const [hit, spared, other] = await Promise.all([member(context, first ?? ''), member(context, second ?? ''), member(context, third ?? '')]);
  await untilHeard(hit, spared, 'test.before');
  const [hitChanges, sparedChanges] = [changesOf(hit), changesOf(spared)];
  await servers[0]?.kill();
  const lostMs = await hitChanges.until(false);
  const backMs = await hitChanges.until(true);
  context.diagnostic(`back after ${Math.round(backMs - lostMs)} ms`);
  await Promise.all([untilHeard(hit, spared, 'test.out'), untilHeard(other, hit, 'test.in'), untilHeard(other, spared, 'test.beside')]);
  assert.deepEqual([hitChanges.heard.length, sparedChanges.heard.length], [2, 0]);
});

test('a killed node that comes back is one of the cluster again', async (context) => {
  const servers = await cluster(context);
  const [node] = servers;
  await node?.kill();
  await node?.restart();
  const [there, elsewhere] = await Promise.all([member(context, servers[0]?.url ?? ''), member(context, servers[1]?.url ?? '')]);
  await Promise.all([untilHeard(there, elsewhere, 'test.from'), untilHeard(elsewhere, there, 'test.to')]);
});

test('a server that stands still is noticed and left for another, also when more waits for it than the kernel holds', async (context) => {
  const servers = await cluster(context);
  const [node] = servers;
  const [bus, other] = await Promise.all([member(context, servers[0]?.url ?? ''), member(context, servers[1]?.url ?? '')]);
  await untilHeard(bus, other, 'test.before');
  const changes = changesOf(bus);
  await node?.pause();
  const payload = Buffer.alloc(500_000);
  let taken = 0;
  while (bus.publish('test.heap', payload)) taken += payload.length;
  assert.ok(taken > 20_000_000 && taken <= 33_554_432, `${taken} bytes were taken`);
  await changes.until(false);
  await changes.until(true);
  await Promise.all([untilHeard(bus, other, 'test.after'), untilHeard(other, bus, 'test.back')]);
  await node?.resume();
});

test('a server that takes what it is given is given any amount', async (context) => {
  const server = await startNats();
  context.after(() => server.stop());
  const bus = await member(context, server.url);
  const payload = Buffer.alloc(500_000);
  for (let sent = 0; sent < 100_000_000; sent += payload.length) {
    while (!bus.publish('test.much', payload)) await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

test('a request whose connection is lost fails at once, not at its timeout', async (context) => {
  const server = await startNats();
  const bus = await member(context, server.url);
  bus.subscribe('test.mute', () => undefined);
  const asked = assert.rejects(bus.request('test.mute', NO_DATA, 600_000), { name: 'BusError', failure: 'disconnected' });
  await server.kill('SIGKILL');
  await asked;
});

test('whether anybody listens is told without an answer of theirs', async (context) => {
  const server = await startNats();
  const [bus, other] = await Promise.all([member(context, server.url), member(context, server.url)]);
  assert.equal(await bus.hasListener('test.listens', NO_DATA), false);
  const subscription = other.subscribe('test.listens', () => undefined);
  assert.equal(await other.hasListener('test.listens', NO_DATA), true);
  assert.equal(await bus.hasListener('test.listens', NO_DATA), true);
  subscription.stop();
  assert.equal(await other.hasListener('test.listens', NO_DATA), false);
  assert.equal(await bus.hasListener('test.listens', NO_DATA), false);
  await server.kill('SIGKILL');
  await assert.rejects(bus.hasListener('test.listens', NO_DATA), { failure: 'disconnected' });
});

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, BusSubscription } from '../shared/bus/bus.ts';
import { connectBus } from '../shared/bus/nats-bus.ts';
import { FLEET_SUBJECT, workerSubject } from '../shared/bus/subjects.ts';
import type { LifecycleState } from '../shared/runtime/lifecycle.ts';
import type { WorkerHeartbeat } from '../shared/protocol/heartbeat.ts';
import { pack } from '../shared/protocol/structured.ts';
import { natsCluster } from '../shared/testing/fleet-servers.ts';
import { startNats } from '../shared/testing/servers.ts';
import { FleetWatch } from './fleet-watch.ts';
import { Arrivals, SILENT } from './gateway-fixture.ts';

/** Longer than the servers of a test, on a busy machine, are held up. */
const LOST_AFTER_MS = 1000;

/** What a watch says. */
interface Watched {
  readonly bus: Bus;
  readonly watch: FleetWatch;
  readonly lost: Arrivals<string>;
  readonly missed: Arrivals<string>;
}

async function watched(context: TestContext, url: string): Promise<Watched> {
  const bus = await connectBus({ url, name: 'watch', log: SILENT });
  const [lost, missed] = [new Arrivals<string>(), new Arrivals<string>()];
  const watch = new FleetWatch(bus, LOST_AFTER_MS, { onLost: (id) => lost.push(id), onMissed: (id) => missed.push(id) }, SILENT);
  context.after(async () => {
    watch.stop();
    await bus.close();
  });
  return { bus, watch, lost, missed };
}

/** What a watch sees of a worker: that it listens, and its heartbeats. */
class Pulse {
  readonly bus: Bus;
  readonly #id: string;
  readonly #timer: NodeJS.Timeout;
  #subscription: BusSubscription;
  #isBeating = true;

  private constructor(bus: Bus, id: string) {
    this.bus = bus;
    this.#id = id;
    this.#subscription = bus.subscribe(workerSubject(id), () => undefined);
    this.#timer = setInterval(() => this.#isBeating && this.beat(), 50);
  }

  static async start(context: TestContext, url: string, id: string, { bus: watching }: Watched): Promise<Pulse> {
    const pulse = new Pulse(await connectBus({ url, name: id, log: SILENT }), id);
    context.after(() => pulse.die());
    while (!(await watching.hasListener(workerSubject(id), new Uint8Array(0)))) await sleep(5, undefined, { signal: context.signal });
    return pulse;
  }

  /** Says that it is there; through somebody else's connection it is heard before what is said there afterwards. */
  beat(state: LifecycleState = 'ready', through: Bus = this.bus): void {
    const heartbeat: WorkerHeartbeat = {
      workerId: this.#id, state, slotsUsed: 0, slotsTotal: 1, turnsComputing: 0, laneDepths: { control: 0, urgent: 0, normal: 0, bulk: 0 },
    };
    through.publish(FLEET_SUBJECT, pack(heartbeat));
  }

  silence(): void {
    this.#isBeating = false;
  }

  deaf(): void {
    this.#subscription.stop();
  }

  listenAgain(): void {
    this.#subscription = this.bus.subscribe(workerSubject(this.#id), () => undefined);
  }

  async die(): Promise<void> {
    clearInterval(this.#timer);
    await this.bus.close();
  }
}

async function heardOf({ signal }: TestContext, { watch }: Watched, workers: number): Promise<void> {
  while (watch.readyWorkers !== workers) await sleep(10, undefined, { signal });
}

/** So long that a watch could judge by heartbeats. */
async function longEnough(times = 3): Promise<void> {
  await sleep(times * LOST_AFTER_MS);
}

async function nats(context: TestContext): Promise<string> {
  const server = await startNats();
  context.after(() => server.stop());
  return server.url;
}

test('a worker that is gone is lost once, however many ask and however often the bus says that nobody listens', async (context) => {
  const url = await nats(context);
  const all = await watched(context, url);
  const worker = await Pulse.start(context, url, 'w', all);
  await heardOf(context, all, 1);
  await worker.die();
  for (let word = 0; word < 5; word++) all.watch.noResponders('w');
  const asked = await Promise.all([1, 2, 3].map(() => all.watch.isGone('w', 'no_responders')));
  assert.deepEqual(asked, [true, true, true]);
  await longEnough();
  assert.deepEqual(all.lost.all, ['w']);
  assert.deepEqual(all.missed.all, []);
});

test('a worker that listens again is not lost: what was missed is sent again', async (context) => {
  const url = await nats(context);
  const all = await watched(context, url);
  const worker = await Pulse.start(context, url, 'w', all);
  await heardOf(context, all, 1);
  worker.deaf();
  all.watch.noResponders('w');
  worker.listenAgain();
  await all.missed.first(1);
  assert.equal(await all.watch.isGone('w', 'no_responders'), false);
  assert.deepEqual(all.lost.all, []);
});

test('a worker that beats while nobody listens has until heartbeats would decide', async (context) => {
  const url = await nats(context);
  const all = await watched(context, url);
  const worker = await Pulse.start(context, url, 'w', all);
  await heardOf(context, all, 1);
  worker.deaf();
  const startedMs = performance.now();
  const isGone = all.watch.isGone('w', 'no_responders');
  worker.beat('ready', all.bus);
  assert.equal(await isGone, true);
  assert.ok(performance.now() - startedMs >= LOST_AFTER_MS);
});

test('a worker whose heartbeats stop is lost once, one that says it has stopped is only forgotten', async (context) => {
  const url = await nats(context);
  const all = await watched(context, url);
  const [frozen, alive, ended] = await Promise.all(['frozen', 'alive', 'ended'].map((id) => Pulse.start(context, url, id, all)));
  await heardOf(context, all, 3);
  await longEnough();
  frozen?.silence();
  ended?.silence();
  ended?.beat('stopped');
  await all.lost.first(1);
  assert.equal(await all.watch.isGone('frozen', 'timeout'), true);
  assert.equal(await all.watch.isGone('alive', 'timeout'), false);
  await longEnough();
  assert.deepEqual(all.lost.all, ['frozen']);
  assert.ok(alive);
});

test('a gateway whose own NATS node stands still takes nobody for lost', async (context) => {
  const { servers } = await natsCluster(() => undefined);
  context.after(() => Promise.all(servers.map((server) => server.stop())));
  const all = await watched(context, servers[0]?.url ?? '');
  await Pulse.start(context, servers[1]?.url ?? '', 'w', all);
  await heardOf(context, all, 1);
  await longEnough();
  const changes = new Arrivals<boolean>();
  all.bus.onConnection((connected) => changes.push(connected));
  await servers[0]?.pause();
  assert.deepEqual(await changes.first(2), [false, true]);
  await longEnough();
  assert.deepEqual(all.lost.all, []);
  assert.equal(all.watch.readyWorkers, 1);
  await servers[0]?.resume();
});

test('after an outage a worker has the time its own reconnecting may take, and is lost then', async (context) => {
  const server = await startNats();
  const all = await watched(context, server.url);
  const worker = await Pulse.start(context, server.url, 'w', all);
  await heardOf(context, all, 1);
  const changes = new Arrivals<boolean>();
  all.bus.onConnection((connected) => changes.push(connected));
  await server.kill();
  await changes.first(1);
  await worker.die();
  assert.equal(await all.watch.isGone('w', 'no_responders'), false, 'nobody is judged while the bus is away');
  const back = await startNats({ port: server.port });
  context.after(() => back.stop());
  await changes.first(2);
  const startedMs = performance.now();
  assert.equal(await all.watch.isGone('w', 'no_responders'), true);
  assert.ok(performance.now() - startedMs >= 500);
});

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { startFleet, type Fleet } from '../shared/testing/fleet.ts';

const CALLERS = 20;

/** Nothing is loaded that no call here uses. */
const WORKER_ENV = { VOICE_ACTIVITY_ENGINE: 'scripted', RECOGNIZER_ENGINE: 'scripted', RESPONDER_ENGINE: 'scripted', SYNTHESIZER_ENGINE: 'scripted' };

type Heard = Readonly<Record<string, unknown>>;

/** A client that understands every message and resumes nothing. */
class Caller {
  readonly heard: Heard[] = [];
  readonly #socket: WebSocket;
  readonly #arrivals = new EventEmitter();
  #closeCode: number | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) this.heard.push(JSON.parse(data.toString()) as Heard);
      this.#arrivals.emit('message');
    });
    socket.on('close', (code) => {
      this.#closeCode = code;
      this.#arrivals.emit('message');
    });
  }

  static async call(context: TestContext, gatewayUrl: string): Promise<Caller> {
    const created = await fetch(`${gatewayUrl}/sessions`, { method: 'POST', body: JSON.stringify({}) });
    const { ws_url: url } = (await created.json()) as { ws_url: string };
    const caller = new Caller(new WebSocket(url, ['voxfleet.v1']));
    context.after(() => caller.#socket.terminate());
    await caller.until(({ heard }) => heard.some(({ type }) => type === 'ready'));
    return caller;
  }

  say(content: string): void {
    this.#socket.send(JSON.stringify({ type: 'text', content }));
  }

  /** Texts heard so far. */
  get texts(): readonly unknown[] {
    return this.heard.filter(({ type }) => type === 'text').map(({ content }) => content);
  }

  /** How often an error was told. */
  told(code: string): number {
    return this.heard.filter((message) => message['type'] === 'error' && message['code'] === code).length;
  }

  async until(isSo: (caller: Caller) => boolean): Promise<void> {
    while (!isSo(this)) {
      if (this.#closeCode !== undefined) throw new Error(`closed with ${this.#closeCode} after ${JSON.stringify(this.heard.slice(-3))}`);
      await once(this.#arrivals, 'message', { signal: AbortSignal.timeout(60_000) });
    }
  }
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

/** Of each process: whether it lives, and whether it is ready. */
async function healthOf(fleet: Fleet): Promise<readonly string[]> {
  const urls = [...fleet.gateways.map(({ url }) => url), ...fleet.workers.map(({ adminUrl }) => adminUrl)];
  return Promise.all(urls.map(async (url) => `${await statusOf(`${url}/health/live`)} ${await statusOf(`${url}/health/ready`)}`));
}

async function untilHealth({ signal }: TestContext, fleet: Fleet, expected: string): Promise<void> {
  while (!(await healthOf(fleet)).every((health) => health === expected)) await sleep(50, undefined, { signal });
}

async function startedFleet(context: TestContext, options: Parameters<typeof startFleet>[0]): Promise<Fleet> {
  const fleet = await startFleet({ workerEnv: WORKER_ENV, ...options });
  context.after(() => fleet.stop());
  return fleet;
}

async function callers(context: TestContext, fleet: Fleet): Promise<readonly Caller[]> {
  const urls = Array.from({ length: CALLERS }, (_, index) => fleet.gatewayUrls[index % fleet.gatewayUrls.length] ?? '');
  return Promise.all(urls.map((url) => Caller.call(context, url)));
}

/** Everybody says it, everybody is answered. */
async function exchange(everybody: readonly Caller[], content: string): Promise<void> {
  for (const caller of everybody) caller.say(content);
  await Promise.all(everybody.map((caller) => caller.until(({ texts }) => texts.some((text) => String(text).includes(content)))));
}

async function takeoversOf({ gatewayUrls }: Fleet): Promise<number> {
  const texts = await Promise.all(gatewayUrls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
  return texts.flatMap((text) => [...text.matchAll(/^voxfleet_gateway_takeovers_total\{.*\} (\d+)$/gm)]).reduce((sum, [, count]) => sum + Number(count), 0);
}

describe('calls while NATS is away', { timeout: 240_000 }, () => {
  test('callers are told once an outage, processes live and are not ready, and what was said meanwhile is answered once', async (context) => {
    const fleet = await startedFleet(context, { gateways: 2, workers: 2 });
    const everybody = await callers(context, fleet);
    await exchange(everybody, 'before');
    const [nats] = fleet.natsServers;
    for (const outage of [1, 2]) {
      await nats?.kill();
      await Promise.all(everybody.map((caller) => caller.until(() => caller.told('bus_unavailable') === outage)));
      await untilHealth(context, fleet, '200 503');
      for (const caller of everybody) caller.say(`meanwhile ${outage}`);
      await nats?.restart();
      await Promise.all(everybody.map((caller) => caller.until(({ texts }) => texts.some((text) => String(text).includes(`meanwhile ${outage}`)))));
      await untilHealth(context, fleet, '200 200');
    }
    await exchange(everybody, 'after');
    for (const caller of everybody) {
      assert.deepEqual(caller.texts, ['before', 'meanwhile 1', 'meanwhile 2', 'after'].map((content) => `You said: ${content}.`));
      assert.deepEqual([caller.told('bus_unavailable'), caller.told('worker_lost')], [2, 0]);
    }
    assert.equal(await takeoversOf(fleet), 0, 'every session stayed with its worker');
  });

  test('an outage that is over within half a second is told to nobody', async (context) => {
    const fleet = await startedFleet(context, {});
    const everybody = await callers(context, fleet);
    const [nats] = fleet.natsServers;
    await nats?.kill();
    for (const caller of everybody) caller.say('quick');
    await nats?.restart();
    await Promise.all(everybody.map((caller) => caller.until(({ texts }) => texts.length === 1)));
    assert.deepEqual(everybody.map((caller) => caller.told('worker_lost')), everybody.map(() => 0));
  });

  test('when one node of three dies, every call goes on and nobody is told anything', async (context) => {
    const fleet = await startedFleet(context, { gateways: 2, workers: 2, nats: 'cluster' });
    const everybody = await callers(context, fleet);
    await exchange(everybody, 'before');
    for (const [index, node] of fleet.natsServers.entries()) {
      await node.kill();
      await exchange(everybody, `without ${index}`);
      await node.restart();
    }
    for (const caller of everybody) {
      assert.deepEqual(caller.texts, ['before', 'without 0', 'without 1', 'without 2'].map((content) => `You said: ${content}.`));
      assert.equal(caller.told('bus_unavailable'), 0);
    }
  });
});

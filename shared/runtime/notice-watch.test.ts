import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { tellOfOutages } from './notice-watch.ts';

const EVERY_MS = 1000;

/** A process whose bus and store come and go, and what its operators were told. */
class Surroundings {
  readonly told: string[] = [];
  readonly stop: () => void;
  readonly #context: TestContext;
  readonly #asked: ((answers: boolean) => void)[] = [];
  #asks = 0;
  #tellConnection: (isConnected: boolean) => void = () => undefined;

  constructor(context: TestContext) {
    context.mock.timers.enable({ apis: ['setInterval'] });
    this.#context = context;
    this.stop = tellOfOutages({
      bus: { onConnection: (listener) => (this.#tellConnection = listener) },
      store: { ping: () => this.#ping() },
      notices: { tell: ({ kind }) => this.told.push(kind) > 0 },
      askEveryMs: EVERY_MS,
    });
  }

  /** How often the store was asked. */
  get asks(): number {
    return this.#asks;
  }

  bus(isConnected: boolean): void {
    this.#tellConnection(isConnected);
  }

  /** The time of the next question comes. */
  tick(): void {
    this.#context.mock.timers.tick(EVERY_MS);
  }

  /** The store answers what it was asked, or the time to wait for it is over. */
  async answer(answers: boolean): Promise<void> {
    for (const resolve of this.#asked.splice(0)) resolve(answers);
    await nextTurn();
  }

  #ping(): Promise<boolean> {
    this.#asks += 1;
    return new Promise((resolve) => this.#asked.push(resolve));
  }
}

test('operators are told when the bus goes and when it is back', (context) => {
  const around = new Surroundings(context);
  around.bus(false);
  around.bus(true);
  assert.deepEqual(around.told, ['bus_lost', 'bus_back']);
  around.stop();
});

test('operators are told once when the store goes, however often it is asked, and once when it is back', async (context) => {
  const around = new Surroundings(context);
  for (const answers of [true, false, false, true, true]) {
    around.tick();
    await around.answer(answers);
  }
  assert.equal(around.asks, 5);
  assert.deepEqual(around.told, ['store_lost', 'store_back']);
  around.stop();
});

test('a store that has not answered yet is not asked again', async (context) => {
  const around = new Surroundings(context);
  for (let time = 0; time < 3; time += 1) around.tick();
  assert.equal(around.asks, 1);
  await around.answer(true);
  around.tick();
  assert.equal(around.asks, 2);
  around.stop();
});

test('after the stop nothing is told and nothing is asked, not even what was on its way', async (context) => {
  const around = new Surroundings(context);
  around.tick();
  around.stop();
  await around.answer(false);
  around.bus(false);
  around.tick();
  assert.deepEqual([around.told, around.asks], [[], 1]);
});

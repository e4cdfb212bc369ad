import { StoreFixture } from '../../shared/session/store-fixture.ts';
import { startRedis } from '../../shared/testing/servers.ts';
import { take, type Episode, type Step } from './steps-fixture.ts';
import { World, type Flaws } from './world-fixture.ts';

/** A Redis for the runs of one test file. */
export interface ModelRedis {
  readonly fixture: StoreFixture;
  stop(): Promise<void>;
}

export async function startModelRedis(): Promise<ModelRedis> {
  const server = await startRedis();
  const fixture = await StoreFixture.connect(server.url);
  const stop = async (): Promise<void> => {
    fixture.redis.disconnect();
    await server.stop();
  };
  return { fixture, stop };
}

/** Plays a call; throws an AssertionError where something that must hold does not. */
export async function play({ fixture }: ModelRedis, all: readonly Episode[], flaws: Flaws): Promise<void> {
  const world = await World.create(fixture, flaws);
  await world.connect(0);
  for (const { before, fault, after } of all) {
    for (const step of [...before, fault, ...after]) await take(world, step);
    await world.quiet();
    await world.check();
    await world.replicate();
  }
}

/** Plays a call with any number of faults at once, of which no more is asked than that one owner is heard and it ends up owned. */
export async function playWildly({ fixture }: ModelRedis, steps: readonly Step[]): Promise<void> {
  const world = await World.create(fixture, {});
  world.client.isLenient = true;
  await world.connect(0);
  for (const step of steps) await take(world, step);
  await world.quiet();
  await world.checkOwned();
}

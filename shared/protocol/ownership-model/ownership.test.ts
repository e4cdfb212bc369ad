import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { StoreFixture } from '../../session/store-fixture.ts';
import { startRedis, type RunningServer } from '../../testing/servers.ts';
import { episodes, take, type Episode } from './steps-fixture.ts';
import { World, type Flaws } from './world-fixture.ts';

/** More runs by VOX_MODEL_RUNS: a multiple of what a test does. */
const TIMES = Number(process.env['VOX_MODEL_RUNS'] ?? 1);

/** A broken variant that so many runs do not betray is not noticed. */
const MOST_RUNS_OF_BROKEN = 300;
const FLAWS = [
  'anyFenceIsHeard', 'jumpsAreTaken', 'duplicatesAreTaken', 'acksBeforeCommit', 'answersAgain', 'forgottenIsNotRestored', 'staleOwnersAnswer', 'lastWordsAreSaidOnce',
] as const satisfies readonly (keyof Flaws)[];

let server: RunningServer;
let fixture: StoreFixture;

before(async () => {
  server = await startRedis();
  fixture = await StoreFixture.connect(server.url);
});

after(async () => {
  fixture.redis.disconnect();
  await server.stop();
});

async function play(all: readonly Episode[], flaws: Flaws): Promise<void> {
  const world = await World.create(fixture, flaws);
  await world.connect(0);
  for (const { before: calm, fault, after: later } of all) {
    for (const step of [...calm, fault, ...later]) await take(world, step);
    await world.quiet();
    await world.check();
    await world.replicate();
  }
}

/** Whether some run breaks an invariant; the same runs each time. */
async function isNoticed(flaws: Flaws): Promise<boolean> {
  return (await fc.check(fc.asyncProperty(episodes, (all) => play(all, flaws)), { numRuns: MOST_RUNS_OF_BROKEN, seed: 1, endOnFailure: true })).failed;
}

test('whatever single fault comes at whatever moment, everything said is stored, answered and heard once, by one owner at a time', { timeout: 600_000 }, async () => {
  await fc.assert(fc.asyncProperty(episodes, (all) => play(all, {})), { numRuns: 60 * TIMES, includeErrorInReport: true });
});

for (const flaw of FLAWS) {
  test(`the model notices a protocol in which ${flaw}`, { timeout: 600_000 }, async () => {
    assert.ok(await isNoticed({ [flaw]: true }));
  });
}

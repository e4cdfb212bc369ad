import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PEERS } from '../peers/peer-targets.ts';
import { topCosts } from './cpu-profile.ts';
import { startFleetTarget } from './fleet-target.ts';
import { startInspectedEcho } from './inspected-echo.ts';
import { errorRate, measureRelay, measureTexts, type RelayLoad } from './measurement.ts';
import { runNatsPair, startChain, startEcho } from './reference-targets.ts';
import { reportPage } from './report-page.ts';
import { TINY } from './sizes.ts';
import type { Stage, SuiteResult } from './suite.ts';
import { chainSuite } from './suites/chain.ts';
import { lanesSuite } from './suites/lanes.ts';
import { talkSuite } from './suites/talk.ts';
import { turnsSuite } from './suites/turns.ts';
import type { Target } from './target.ts';

const LOAD: RelayLoad = { callers: 5, framesPerSecond: 50, warmMs: 100, measureMs: 400 };
let stage: Stage;

before(async () => {
  const [echo, chain, fleet] = await Promise.all([startEcho(), startChain(), startFleetTarget()]);
  stage = { echo, chain, fleet, size: TINY, say: () => undefined };
});

after(async () => {
  await Promise.all([stage.echo, stage.chain, stage.fleet].map((target) => target.stop()));
});

/** Every frame of five callers comes back once and in order. */
async function checkRelay(target: Target): Promise<void> {
  const measured = await measureRelay(target, LOAD);
  const { result } = measured;
  assert.deepEqual(result.faults, []);
  // The callers' clock decides how many frames fall into what is measured: one of each more or less.
  assert.ok(Math.abs(result.sent - 100) <= 5, `${result.sent} frames were sent`);
  assert.deepEqual([result.answered, result.misplaced, result.delay.count, errorRate(measured)], [result.sent, 0, result.sent, 0]);
  assert.ok(result.delay.p50Ms > 0 && result.delay.p99Ms <= result.delay.maxMs);
}

test('the bare echo, the bare chain and the fleet send every frame back, once and in order', async () => {
  for (const target of [stage.echo, stage.chain, stage.fleet]) await checkRelay(target);
});

test('the relay of ws and Redis sends every frame back and answers every text', async () => {
  const peer = await PEERS['ws + Redis']?.();
  assert.ok(peer !== undefined);
  try {
    await checkRelay(peer);
    const { result } = await measureTexts(peer, 3, 5);
    assert.deepEqual([result.sent, result.answered, result.misplaced, result.faults], [15, 15, 0, []]);
  } finally {
    await peer.stop();
  }
});

test('the fleet answers every text of the classic check in order', async () => {
  const { result } = await measureTexts(stage.fleet, 3, 5);
  assert.deepEqual([result.sent, result.answered, result.misplaced, result.faults], [15, 15, 0, []]);
});

test('a process can be looked into: what is alive, and where its time goes', async () => {
  const { echo, inspector, stop } = await startInspectedEcho();
  try {
    const { heap } = await inspector.liveBytes();
    assert.ok(heap > 1_000_000, `${heap} bytes are alive`);
    const profile = await inspector.profiled(() => measureRelay(echo, LOAD));
    const shares = topCosts(profile, Number.POSITIVE_INFINITY).reduce((sum, { self }) => sum + self, 0);
    assert.ok(Math.abs(shares - 1) < 1e-6, `all shares together are ${shares}`);
  } finally {
    await stop();
  }
});

test('a bare NATS pair loses nothing', async () => {
  const { perSecond, pingMs } = await runNatsPair(TINY.natsMs);
  assert.ok(perSecond > 0 && pingMs > 0);
});

test('the table has a row for every promise about speed, and the page shows it', async () => {
  const results: SuiteResult[] = [];
  for (const suite of [chainSuite, turnsSuite, lanesSuite, talkSuite]) results.push(await suite(stage));
  const bars = results.flatMap((result) => result.bars);
  assert.deepEqual(bars.map(({ name }) => name), [
    'frames/s per core', 'added latency p50 at 150 frames/s', 'added latency p99 at 150 frames/s', 'added latency p50 at 250 frames/s', 'added latency p99 at 250 frames/s',
    'turn at 2 callers', 'urgent under bulk', 'speaking callers',
  ]);
  for (const { name, measured, note } of bars) assert.doesNotMatch(`${measured} ${note}`, /NaN|not measured|lost in|not answered/, name);
  const page = reportPage(results, { at: 'today', machine: 'this one' });
  for (const { name } of bars) assert.ok(page.includes(`<td>${name}</td>`), name);
  assert.ok(page.includes('<svg') && !page.includes('NaN'));
});

import { allocatedBytes, topAllocations, type AllocationProfile } from '../allocation-profile.ts';
import { barOf, type Bar } from '../bar.ts';
import { costsOf, costWords, shareOf, topCosts, type CpuProfile } from '../cpu-profile.ts';
import { withInspectedFleet } from '../inspected-fleet.ts';
import { measureRelay } from '../measurement.ts';
import type { Stage, SuiteResult } from '../suite.ts';
import { count, percentiles } from '../words.ts';

const MOST_COSTS = 25;
const OWN_CODE = / (gateway|worker|shared)\//;
/** What counts, tells and shows how a process is: metrics, statistics, heartbeats, notices, and what a scrape asks for. */
const OBSERVATION = / (shared\/runtime\/(stats-publisher|latency-|metric|process-vitals|dependency-metrics|notice-)|gateway\/(operations\/|metrics)|worker\/(stats|metrics)|prom-client\/)|^(heartbeat|beat) worker\//;
/** More often than Prometheus usually does. */
const SCRAPE_EVERY_MS = 10_000;

/** Where gateway and worker spend their time, and what they allocate, while they relay frames. */
export async function profileSuite({ size, say }: Stage): Promise<SuiteResult> {
  const { callers, framesPerSecond, warmMs, measureMs } = size;
  const load = { callers, framesPerSecond, warmMs, measureMs: 2 * measureMs };
  const frames = callers * framesPerSecond * (load.measureMs / 1000);
  const { profiles, allocations, measured } = await withInspectedFleet(async ({ fleet, gateway, worker }) => {
    const measuring = measureRelay(fleet, load);
    const scraping = setInterval(() => [fleet.gateway, fleet.worker].forEach(({ port }) => void scrape(port)), SCRAPE_EVERY_MS);
    void measuring.finally(() => clearInterval(scraping));
    const looks = Promise.all([gateway, worker].map((inspector) => inspector.profiled(() => measuring)));
    const found = { profiles: await looks, measured: await measuring };
    // In a run of its own: each of the two looks would see the other's work.
    const allocating = measureRelay(fleet, load);
    const allocations = await Promise.all([gateway, worker].map((inspector) => inspector.allocationsDuring(() => allocating)));
    return { ...found, allocations };
  });
  const facts = [`profiled at ${count(callers * framesPerSecond)} frames/s: ${percentiles(measured.result.delay)} (the profiler itself takes part of it)`];
  for (const [at, name] of ['gateway', 'worker'].entries()) facts.push(...costFacts(name, profiles[at]), ...allocationFacts(name, allocations[at], frames));
  for (const fact of facts) say(fact);
  const bars = ['gateway', 'worker'].map((name, at) => observationBar(name, profiles[at], callers));
  return { name: 'profile', bars, facts, plots: [], raw: { costs: profiles.map((profile) => topCosts(profile, 2 * MOST_COSTS)) } };
}

/** A scrape that fails is a finding of other tests. */
async function scrape(port: number): Promise<void> {
  await fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text(), () => undefined);
}

function observationBar(name: string, profile: CpuProfile | undefined, callers: number): Bar {
  const share = profile === undefined ? Number.NaN : shareOf(profile, OBSERVATION);
  return barOf({
    name: `${name}: metrics and heartbeats`, promise: '≤ 3 % of its CPU', value: share, most: 0.03, measured: `${(share * 100).toFixed(1)} %`,
    note: `of busy time by profile, ${callers} callers, scraped every ${SCRAPE_EVERY_MS / 1000} s`,
  });
}

function costFacts(name: string, profile: CpuProfile | undefined): string[] {
  if (profile === undefined) return [];
  const own = topCosts(profile, MOST_COSTS).map((cost) => `${name}, by itself: ${costWords(cost)}`);
  const called = costsOf(profile, OWN_CODE, MOST_COSTS).map((cost) => `${name}, with what it calls: ${costWords(cost)}`);
  return [...own, ...called];
}

/** Includes the frames before and after the measured ones: a share is exact, bytes a frame are a little high. */
function allocationFacts(name: string, profile: AllocationProfile | undefined, frames: number): string[] {
  if (profile === undefined) return [];
  const all = `${name} allocates ${bytes(allocatedBytes(profile) / frames)} a frame there and back, outside of buffers`;
  return [all, ...topAllocations(profile, MOST_COSTS).map(({ what, bytes: sum }) => `${name}, allocated: ${bytes(sum / frames)} a frame by ${what}`)];
}

function bytes(count: number): string {
  return `${count.toFixed(0)} B`;
}

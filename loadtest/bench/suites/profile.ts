import { costsOf, costWords, topCosts, type CpuProfile } from '../cpu-profile.ts';
import { withInspectedFleet } from '../inspected-fleet.ts';
import { measureRelay } from '../measurement.ts';
import type { Stage, SuiteResult } from '../suite.ts';
import { count, percentiles } from '../words.ts';

const MOST_COSTS = 25;
const OWN_CODE = / (gateway|worker|shared)\//;

/** Where gateway and worker spend their time while they relay frames. */
export async function profileSuite({ size, say }: Stage): Promise<SuiteResult> {
  const { callers, framesPerSecond, warmMs, measureMs } = size;
  const load = { callers, framesPerSecond, warmMs, measureMs: 2 * measureMs };
  const { profiles, measured } = await withInspectedFleet(async ({ fleet, gateway, worker }) => {
    const measuring = measureRelay(fleet, load);
    const looks = Promise.all([gateway, worker].map((inspector) => inspector.profiled(() => measuring)));
    return { profiles: await looks, measured: await measuring };
  });
  const facts = [`profiled at ${count(callers * framesPerSecond)} frames/s: ${percentiles(measured.result.delay)} (the profiler itself takes part of it)`];
  for (const [at, name] of ['gateway', 'worker'].entries()) facts.push(...costFacts(name, profiles[at]));
  for (const fact of facts) say(fact);
  return { name: 'profile', bars: [], facts, plots: [], raw: { costs: profiles.map((profile) => topCosts(profile, 2 * MOST_COSTS)) } };
}

function costFacts(name: string, profile: CpuProfile | undefined): string[] {
  if (profile === undefined) return [];
  const own = topCosts(profile, MOST_COSTS).map((cost) => `${name}, by itself: ${costWords(cost)}`);
  const called = costsOf(profile, OWN_CODE, MOST_COSTS).map((cost) => `${name}, with what it calls: ${costWords(cost)}`);
  return [...own, ...called];
}

import type { Comparison, Measured, Presence } from './decision.ts';
import { TIERS, type Increase, type Rule, type Tier } from './rules.ts';

/** Asks a Prometheus for one number; where it has none, 0. Throws what it says about an expression it cannot read. */
export type Ask = (expr: string) => Promise<number>;

/** Who is compared: label selectors of voxfleet_build_info, without braces. */
export interface Sides {
  readonly canary: string;
  readonly stable: string;
}

/** Reads for every rule how both versions did within the window (`10m`). */
export async function measure(ask: Ask, rules: readonly Rule[], sides: Sides, window: string): Promise<Comparison[]> {
  return Promise.all(rules.map(async (rule) => {
    const [canary, stable] = await Promise.all([sides.canary, sides.stable].map((version) => measureRule(ask, rule, version, window)));
    return { rule, canary: canary ?? NOTHING, stable: stable ?? NOTHING };
  }));
}

/** How many processes of each tier there were within the window. */
export async function presence(ask: Ask, sides: Sides, window: string): Promise<Presence> {
  const counts = await Promise.all(TIERS.map(async (tier) => {
    const [canary = 0, stable = 0] = await Promise.all([sides.canary, sides.stable].map((version) => ask(`count(${processes(tier, version, window)})`)));
    return [tier, { canary, stable }] as const;
  }));
  return Object.fromEntries(counts) as Presence;
}

const NOTHING: Measured = { value: 0, of: 0 };

async function measureRule(ask: Ask, rule: Rule, version: string, window: string): Promise<Measured> {
  const own = processes(rule.tier, version, window);
  const sum = async (increases: readonly Increase[]): Promise<number> => {
    const values = await Promise.all(increases.map(async (increase) => (await ask(`sum(${increaseOf(increase, window)} ${OF} ${own})`)) * (increase.isLess === true ? -1 : 1)));
    return Math.max(0, values.reduce((total, value) => total + value, 0));
  };
  switch (rule.kind) {
    case 'share':
      return { value: await sum(rule.bad), of: await sum(rule.of) };
    case 'none':
      return { value: await sum(rule.bad), of: 0 };
    case 'restarts':
      return { value: await ask(`sum(changes(process_start_time_seconds[${window}]) ${OF} ${own})`), of: 0 };
    case 'percentile':
      return {
        value: await ask(`histogram_quantile(${rule.percentile}, sum by (le) (${increaseOf({ metric: `${rule.histogram}_bucket` }, window)} ${OF} ${own}))`),
        of: await sum([{ metric: `${rule.histogram}_count` }]),
      };
  }
}

/** Series of the processes on the right. */
const OF = 'and on (tier, id)';

/** One series per process of a version, also of those that are gone by now. */
function processes(tier: Tier, version: string, window: string): string {
  return `last_over_time(voxfleet_build_info{tier="${tier}",${version}}[${window}])`;
}

function increaseOf({ metric, labels = '' }: Increase, window: string): string {
  return `increase(${metric}{${labels}}[${window}])`;
}

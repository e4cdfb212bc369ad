import { TIERS, type Rule, type Tier } from './rules.ts';
import { compareShare, needed, ratioOf } from './shares.ts';

/** One number of one version: how many bad ones of how many; of a percentile its seconds and of how many values it is. */
export interface Measured {
  readonly value: number;
  readonly of: number;
}

/** Both versions, measured for one rule in the same window. */
export interface Comparison {
  readonly rule: Rule;
  readonly canary: Measured;
  readonly stable: Measured;
}

/** How many processes of each tier were seen of both versions. */
export type Presence = Readonly<Record<Tier, { readonly canary: number; readonly stable: number }>>;

/** What one rule has to say. */
export interface Finding {
  readonly rule: Rule;
  readonly outcome: 'good' | 'bad' | 'unsure';
  readonly words: string;
}

export interface Decision {
  readonly verdict: 'promote' | 'hold' | 'rollback';
  /** Sentences, the decisive ones first. */
  readonly reasons: readonly string[];
  readonly findings: readonly Finding[];
}

/** The stable version is a measure from so many on. */
const LEAST_STABLE = 100;
/** Increases that Prometheus reckons are not whole: below this is none. */
const NONE_BELOW = 0.5;

/** One bad finding is enough to roll back; essential ones that are unsure hold. Pure. */
export function decide(comparisons: readonly Comparison[], presence: Presence): Decision {
  const tiers = TIERS.filter((tier) => presence[tier].canary > 0);
  const findings = comparisons.filter(({ rule }) => tiers.includes(rule.tier)).map(findingOf);
  const bad = findings.filter(({ outcome }) => outcome === 'bad');
  const open = findings.filter(({ rule, outcome }) => outcome === 'unsure' && isEssential(rule));
  const said = (list: readonly Finding[]): string[] => list.map(({ words }) => words);
  if (tiers.length === 0) return { verdict: 'hold', reasons: ['no process of the canary was seen in the window'], findings };
  if (bad.length > 0) return { verdict: 'rollback', reasons: [...said(bad), ...said(open)], findings };
  if (open.length > 0) return { verdict: 'hold', reasons: said(open), findings };
  const judged = tiers.map((tier) => `${presence[tier].canary} ${tier}${presence[tier].canary === 1 ? '' : 's'}`).join(' and ');
  return { verdict: 'promote', reasons: [`${judged} of the canary did no worse than allowed by any of ${findings.length} rules`], findings };
}

function isEssential(rule: Rule): boolean {
  return rule.kind === 'share' ? rule.isEssential : rule.kind === 'percentile';
}

function findingOf({ rule, canary, stable }: Comparison): Finding {
  switch (rule.kind) {
    case 'share':
      return shareFinding(rule, canary, stable);
    case 'percentile':
      return percentileFinding(rule, canary, stable);
    default:
      return absenceFinding(rule, canary, stable);
  }
}

function shareFinding(rule: Extract<Rule, { kind: 'share' }>, canary: Measured, stable: Measured): Finding {
  const share = { bad: canary.value, of: canary.of };
  const stableRatio = ratioOf({ bad: stable.value, of: stable.of });
  const limit = stable.of >= LEAST_STABLE ? Math.min(1, Math.max(rule.most, rule.timesStable * stableRatio)) : rule.most;
  const compared = compareShare(share, limit);
  const outcome = compared === 'above' ? 'bad' : compared === 'within' ? 'good' : 'unsure';
  const more = outcome === 'unsure' ? `; ${needed(share, limit)} more would tell` : '';
  const words = `${rule.tier}: ${rule.words}: ${whole(canary.value)} of ${whole(canary.of)} (${percent(ratioOf(share))}), stable ${percent(stableRatio)}, allowed ${percent(limit)}${more}`;
  return { rule, outcome, words };
}

function percentileFinding(rule: Extract<Rule, { kind: 'percentile' }>, canary: Measured, stable: Measured): Finding {
  const limitS = stable.of >= rule.least ? Math.max(rule.mostS, rule.timesStable * stable.value) : rule.mostS;
  const words = `${rule.tier}: ${rule.words}: ${seconds(canary)} over ${whole(canary.of)} turns, stable ${seconds(stable)}, allowed ${limitS.toFixed(2)} s`;
  if (canary.of < rule.least) return { rule, outcome: 'unsure', words: `${words}; judged from ${rule.least} turns on` };
  return { rule, outcome: canary.value > limitS ? 'bad' : 'good', words };
}

function absenceFinding(rule: Rule, canary: Measured, stable: Measured): Finding {
  const isThere = canary.value >= NONE_BELOW;
  const isEverywhere = isThere && stable.value >= NONE_BELOW;
  const words = `${rule.tier}: ${rule.words}: ${whole(canary.value)}, stable ${whole(stable.value)}, allowed none`;
  if (isEverywhere) return { rule, outcome: 'unsure', words: `${words}; the stable version does it too, look there first` };
  return { rule, outcome: isThere ? 'bad' : 'good', words };
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio > 0 && ratio < 0.001 ? 3 : 1)} %`;
}

function seconds({ value, of }: Measured): string {
  return of === 0 || !Number.isFinite(value) ? 'none' : `${value.toFixed(2)} s`;
}

/** The processes a rule is about: each tier's numbers say how its own version does, whatever the other tier runs. */
export const TIERS = ['gateway', 'worker'] as const;
export type Tier = (typeof TIERS)[number];

/** Increase of a metric within the window; `labels` as in a selector, without braces. `isLess`: it is taken off the others. */
export interface Increase {
  readonly metric: string;
  readonly labels?: string;
  readonly isLess?: boolean;
}

interface RuleOf<Kind extends string> {
  readonly kind: Kind;
  readonly tier: Tier;
  /** What is counted, in words. */
  readonly words: string;
}

/** One thing a canary is judged by. */
export type Rule =
  /**
   * A share of bad ones: at most `most` (what the service promises), or `timesStable` times that of the stable version where that
   * is more. Nothing is promoted that an essential rule cannot say yes to.
   */
  | (RuleOf<'share'> & { readonly bad: readonly Increase[]; readonly of: readonly Increase[]; readonly most: number; readonly timesStable: number; readonly isEssential: boolean })
  /** A percentile of a histogram in seconds, judged from `least` values on: at most `mostS`, or `timesStable` times the stable one. */
  | (RuleOf<'percentile'> & { readonly histogram: string; readonly percentile: number; readonly mostS: number; readonly timesStable: number; readonly least: number })
  /** What must not be at all, unless it befalls the stable version too. */
  | (RuleOf<'none'> & { readonly bad: readonly Increase[] })
  /** The same of how often processes were started anew under their name. */
  | RuleOf<'restarts'>;

/** A turn is late when the caller waited longer than this; as in deploy/prometheus/recording.rules.yml. */
const LATE_AFTER_S = 1.5;
const LATE_SHARE = 0.01;
/** Below it a p99 says next to nothing. */
const LEAST_TURNS = 300;

const GATEWAY_TURNS = 'voxfleet_mouth_to_ear_seconds';
const WORKER_TURNS = 'voxfleet_worker_mouth_to_ear_seconds';
const CLAIMED: Increase = { metric: 'voxfleet_gateway_claims_total', labels: 'outcome=~"claimed|attached"' };
const REFUSED: readonly Increase[] = [
  { metric: 'voxfleet_gateway_rejected_total', labels: 'reason=~"too_many_connections|store_unavailable|internal"' },
  { metric: 'voxfleet_gateway_closed_total', labels: 'reason="at_capacity"' },
];
/** What gateways pass on of engines and lanes is counted where it happened: at the workers, which may be of the other version. */
const GATEWAY_ERRORS: Increase = { metric: 'voxfleet_gateway_errors_total', labels: 'code="internal"' };
const ENGINE_ERRORS: Increase = { metric: 'voxfleet_engine_errors_total' };

/** Everything a canary is judged by. */
export const RULES: readonly Rule[] = [
  ...TIERS.flatMap((tier) => promptness(tier, tier === 'gateway' ? GATEWAY_TURNS : WORKER_TURNS)),
  share('gateway', 'internal errors', [GATEWAY_ERRORS], [GATEWAY_ERRORS, { metric: `${GATEWAY_TURNS}_count` }], { most: 0.01, isEssential: true }),
  share('gateway', 'callers refused', REFUSED, [...REFUSED, CLAIMED], { most: 0.02 }),
  share('gateway', 'calls whose worker was lost', [{ metric: 'voxfleet_gateway_takeovers_total' }], [CLAIMED], { most: 0.05 }),
  { kind: 'none', tier: 'gateway', words: 'calls lost', bad: [{ metric: 'voxfleet_gateway_closed_total', labels: 'reason="session_lost"' }] },
  share('gateway', 'messages of callers dropped', [{ metric: 'voxfleet_gateway_shed_total', labels: 'reason=~"no_worker|replay_overflow|too_many_waiting"' }], [{ metric: 'voxfleet_gateway_messages_in_total' }], { most: 0.001 }),
  share('worker', 'engine calls that failed', [ENGINE_ERRORS], [ENGINE_ERRORS, { metric: 'voxfleet_engine_seconds_count' }], { most: 0.01, isEssential: true }),
  share('worker', 'turns in which the agent broke off', [{ metric: 'voxfleet_underruns_total' }], [{ metric: `${WORKER_TURNS}_count` }], { most: 0.05 }),
  share('worker', 'frames dropped', [{ metric: 'voxfleet_shed_total' }], [{ metric: 'voxfleet_ingress_frames_total' }], { most: 0.001 }),
  share('worker', 'sessions lost to another worker', [{ metric: 'voxfleet_leases_lost_total' }], [{ metric: 'voxfleet_claims_total', labels: 'outcome="claimed"' }], { most: 0.02 }),
  ...TIERS.map((tier): Rule => ({ kind: 'restarts', tier, words: 'processes started anew' })),
];

function promptness(tier: Tier, histogram: string): readonly Rule[] {
  return [
    share(tier, `turns later than ${LATE_AFTER_S} s`, [{ metric: `${histogram}_count` }, { metric: `${histogram}_bucket`, labels: `le="${LATE_AFTER_S}"`, isLess: true }], [{ metric: `${histogram}_count` }], { most: LATE_SHARE, isEssential: true }),
    { kind: 'percentile', tier, words: 'mouth-to-ear p99', histogram, percentile: 0.99, mostS: LATE_AFTER_S, timesStable: 1.5, least: LEAST_TURNS },
  ];
}

function share(tier: Tier, words: string, bad: readonly Increase[], of: readonly Increase[], { most, isEssential = false }: { readonly most: number; readonly isEssential?: boolean }): Rule {
  return { kind: 'share', tier, words, bad, of, most, timesStable: 2, isEssential };
}

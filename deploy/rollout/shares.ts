/** So many of so many; increases that Prometheus reckons are not whole numbers. */
export interface Share {
  readonly bad: number;
  readonly of: number;
}

/** Standard deviations: what is called bad is so in 99 of 100 cases, what is called good in 95 (one-sided). */
const SURE_IT_IS_BAD = 2.33;
const SURE_IT_IS_GOOD = 1.64;

/** The share itself; 0 where there was nothing. */
export function ratioOf({ bad, of }: Share): number {
  return of <= 0 ? 0 : Math.min(1, bad / of);
}

/** Whether the true share is above the limit, or is not, or whether there is too little to tell. Wilson's interval: it holds for few and for none. Pure. */
export function compareShare(share: Share, limit: number): 'above' | 'within' | 'unsure' {
  if (share.of <= 0) return 'unsure';
  if (bound(share, -SURE_IT_IS_BAD) > limit) return 'above';
  return bound(share, SURE_IT_IS_GOOD) <= limit ? 'within' : 'unsure';
}

/** About how many more it takes to call a share within its limit, if no more bad ones come. */
export function needed({ bad, of }: Share, limit: number): number {
  let more = Math.max(1, of);
  while (more < 1e7 && bound({ bad, of: more }, SURE_IT_IS_GOOD) > limit) more = Math.ceil(more * 1.1) + 1;
  return Math.max(0, Math.ceil(more - of));
}

/** The end of Wilson's score interval on the side of `deviations`. */
function bound(share: Share, deviations: number): number {
  const p = ratioOf(share);
  const z2 = deviations ** 2;
  const centre = p + z2 / (2 * share.of);
  const half = deviations * Math.sqrt((p * (1 - p)) / share.of + z2 / (4 * share.of ** 2));
  return (centre + half) / (1 + z2 / share.of);
}

import type { ClaimRequest } from '../shared/protocol/claim.ts';
import type { Lease } from '../shared/session/store.ts';

/**
 * Whether an owner may answer a claim for what it holds: `lost` where the one who asks knows of a later owner; `doubted` where
 * it takes this very owner for dead, so that somebody else may have been given the session: only Redis knows.
 */
export type ClaimDoubt = 'none' | 'doubted' | 'lost';

/** Pure. */
export function claimDoubt({ workerId, fence }: Lease, { seenFence, lost }: ClaimRequest): ClaimDoubt {
  if (seenFence > fence) return 'lost';
  return lost?.workerId === workerId && lost.fence === fence ? 'doubted' : 'none';
}

import type { CloseName } from '../shared/runtime/errors.ts';
import type { Admitted, Applicant, Owner } from './admission.ts';
import type { GatewayConfig } from './config.ts';

/**
 * Why a connection claims: it has just come (`owner` is the one in the record; with `isResuming` it goes on where an earlier connection was), its
 * worker was lost, or its worker gave the session up in order.
 */
export type ClaimCause =
  | { readonly kind: 'came'; readonly owner?: Owner; readonly isResuming: boolean }
  | { readonly kind: 'lost'; readonly lost: Owner }
  | { readonly kind: 'released' };

type Known = Omit<Applicant, 'owner' | 'lost' | 'patienceMs' | 'isUnderWay' | 'isResuming'>;

/** Who asks for a worker: what is known of the session, and what follows from why it is asked. */
export function applicantOf(cause: ClaimCause, known: Known, { admissionWaitMs, replayMs }: GatewayConfig): Applicant {
  // Where this connection had a worker it goes on where that one was; what came for it in the meantime is sent again.
  const isUnderWay = cause.kind !== 'came';
  const isResuming = isUnderWay || cause.isResuming;
  // What was said is kept for REPLAY_MS: so long a call under way is worth waiting for.
  const patienceMs = isUnderWay ? Math.max(admissionWaitMs, replayMs) : admissionWaitMs;
  return {
    ...known,
    ...(cause.kind === 'came' && cause.owner !== undefined ? { owner: cause.owner } : {}),
    ...(cause.kind === 'lost' ? { lost: cause.lost } : {}),
    patienceMs,
    isUnderWay,
    isResuming,
  };
}

/** How a connection ends whose claim came to nothing; undefined where it had ended before. */
export function closeNameOf(outcome: Exclude<Admitted['outcome'], 'admitted'>, cause: ClaimCause): CloseName | undefined {
  switch (outcome) {
    case 'aborted':
      return undefined;
    case 'session_ended':
      return 'session_over';
    case 'session_not_found':
    case 'replaced':
      return outcome;
    case 'gave_up':
      return cause.kind === 'came' ? 'at_capacity' : 'session_lost';
  }
}

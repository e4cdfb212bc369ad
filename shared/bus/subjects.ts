import type { GrantedLane } from '../protocol/lane.ts';

/**
 * Every subject on the bus. They exist per process, never per session: the interest graph grows with the fleet, not with
 * the callers. Ids are checked by `ID_PATTERN`, so that they are single NATS tokens.
 */
export const ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

/** Queue group in which workers compete for claims. */
export const CLAIM_QUEUE = 'workers';

/** Requests for any worker with a free slot. */
export function claimSubject(lane: GrantedLane): string {
  return `vox.claim.${lane}`;
}

/**
 * Batches of ingress envelopes for one worker, of all lanes together: the lane is in each envelope, and the worker queues by
 * it. One subject keeps the order a caller spoke in; a subject per lane would let one lane's batch overtake another's.
 */
export function workerSubject(workerId: string): string {
  return `vox.worker.${workerId}.ingress`;
}

/** Claim requests to the worker that owns the session already. */
export function attachSubject(workerId: string): string {
  return `vox.worker.${workerId}.attach`;
}

/** Requests to end a session, to its owner. */
export function endSubject(workerId: string): string {
  return `vox.worker.${workerId}.end`;
}

/** Batches of egress envelopes for one gateway. */
export function gatewaySubject(gatewayId: string): string {
  return `vox.gateway.${gatewayId}`;
}

/** Requests to a gateway whether it still holds a session's connection. */
export function checkSubject(gatewayId: string): string {
  return `vox.gateway.${gatewayId}.check`;
}

/** Reply subject of a gateway's batches: NATS answers on it when the worker is gone. */
export function lostSubject(gatewayId: string, workerId: string): string {
  return `vox.gateway.${gatewayId}.lost.${workerId}`;
}

/** The worker that a message on a lost subject speaks of; undefined for any other subject. */
export function workerOfLostSubject(subject: string): string | undefined {
  const tokens = subject.split('.');
  return tokens.length === 5 && tokens[3] === 'lost' ? tokens[4] : undefined;
}

/** Heartbeats of all workers. */
export const FLEET_SUBJECT = 'vox.fleet';

/** What every process says of itself once a second. */
export const STATS_SUBJECT = 'vox.stats';

/** What processes tell operators as it happens: `Notice`. */
export const NOTICES_SUBJECT = 'vox.notices';

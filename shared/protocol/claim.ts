import type { GrantedLane } from './lane.ts';

/** Sent on `vox.claim.<lane>` (any worker with a free slot) or `vox.worker.<id>.attach` (the owner), as msgpack. */
export interface ClaimRequest {
  readonly sessionId: string;
  readonly gatewayId: string;
  /** Where the worker addresses this session's egress. */
  readonly gatewaySlot: number;
  readonly lane: GrantedLane;
  /** Whether the caller wants to hear and see the agent before it has sent audio. */
  readonly listening: boolean;
  /** The highest egress seq the gateway passed on; the worker numbers on from beyond it. */
  readonly seenEgressSeq: number;
  /** The owner that the gateway saw die, if any: its unexpired lease may be taken over. */
  readonly lost?: { readonly workerId: string; readonly fence: number };
}

/** Why a worker did not take a session. */
export type ClaimRefusal =
  /** No free slot in this lane after all. */
  | 'full'
  /** The record has expired or never was. */
  | 'session_not_found'
  /** The session is over. */
  | 'session_ended'
  /** Another worker holds an unexpired lease; `owner` names it. */
  | 'held'
  /** Redis did not answer. */
  | 'store_unavailable';

/** A worker's answer to a claim, as msgpack. */
export type ClaimReply =
  | {
      readonly ok: true;
      readonly workerId: string;
      readonly fence: number;
      /** Where the gateway addresses this session's ingress. */
      readonly workerSlot: number;
      /** Ingress up to here is committed; replay starts after it. */
      readonly committedIngressSeq: number;
      /** The highest ingress seq the worker has seen; a new connection numbers on from it. */
      readonly receivedIngressSeq: number;
    }
  | { readonly ok: false; readonly reason: ClaimRefusal; readonly owner?: { readonly workerId: string; readonly fence: number } };

/** Sent by a worker that has not heard of a caller for a while on `vox.gateway.<id>.check`, as msgpack. */
export interface ConnectionCheck {
  readonly sessionId: string;
  readonly gatewaySlot: number;
}

/** A gateway's answer to a check, as msgpack. */
export interface ConnectionCheckReply {
  readonly isConnected: boolean;
}

/** Sent on `vox.worker.<id>.end`, as msgpack: the session was ended from outside. */
export interface EndRequest {
  readonly sessionId: string;
}

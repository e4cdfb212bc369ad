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
  /** Counts the session's connections in Redis; the worker refuses one that is older than the one it knows. */
  readonly connectionNo: number;
  /** The highest egress seq the caller has, or was passed on to it; the worker numbers on from beyond it. */
  readonly seenEgressSeq: number;
  /** Whether an owner is to send what it still has after `seenEgressSeq`: the caller goes on where it was. */
  readonly isResuming: boolean;
  /** The highest fence the gateway has heard of for this session; the new one is above it even where Redis forgot some. */
  readonly seenFence: number;
  /** How far the newest reply was delivered, where the gateway knows: a new owner speaks on from there. */
  readonly delivered?: Delivered;
  /** W3C `traceparent` of the claim, where the gateway traces. */
  readonly trace?: string;
  /** The owner that the gateway saw die, if any: its unexpired lease may be taken over. */
  readonly lost?: { readonly workerId: string; readonly fence: number };
}

/** A place in an agent's reply: everything before it is with the caller. */
export interface Delivered {
  /** The reply's turn, modulo 256 (see `turnOfFlags`). */
  readonly turn: number;
  /** Milliseconds of the turn's audio. */
  readonly mediaMs: number;
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
  /** A newer connection of the same caller came first. */
  | 'replaced'
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
      /** How far the newest reply was delivered at `seenEgressSeq`, where an owner that goes on knows it. */
      readonly delivered?: Delivered;
    }
  | { readonly ok: false; readonly reason: ClaimRefusal; readonly owner?: { readonly workerId: string; readonly fence: number } };

/** Sent by a worker that has not heard of a caller for a while on `vox.gateway.<id>.check`, as msgpack. */
export interface ConnectionCheck {
  readonly sessionId: string;
  readonly gatewaySlot: number;
  /** Under which the worker owns the session. */
  readonly fence?: number;
  /** The newest egress seq, where the caller is not known to have it: what did not come is asked for. */
  readonly egressSeq?: number;
}

/** A gateway's answer to a check, as msgpack. */
export interface ConnectionCheckReply {
  readonly isConnected: boolean;
  /** The newest ingress seq that was sent to the owner who asks: what did not come is asked for. */
  readonly sentIngressSeq?: number;
}

/** Sent on `vox.worker.<id>.end`, as msgpack: the session was ended from outside. */
export interface EndRequest {
  readonly sessionId: string;
}

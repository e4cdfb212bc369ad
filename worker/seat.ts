import type { SessionConfig } from '../shared/protocol/agent-config.ts';
import type { Delivered } from '../shared/protocol/claim.ts';
import type { ConversationItem } from '../shared/session/record.ts';
import type { Lease, Progress } from '../shared/session/store.ts';
import type { SessionEgress } from './egress.ts';
import type { Inbox } from './inbox.ts';
import type { Session, SessionListener } from './session.ts';

/** One slot in use. */
export interface Seat {
  /** Its number, known once it is seated. */
  slot: number;
  readonly session: Session;
  readonly inbox: Inbox;
  /** Of the caller's newest connection. */
  connectionNo: number;
  /** When its lease is renewed next. */
  renewAtMs: number;
  toldOfShedAtMs: number;
  /** When its gateway was last heard of. */
  heardAtMs: number;
  /** Runs while the caller is not connected. */
  grace: NodeJS.Timeout | undefined;
}

/** What a claimed session is made of. */
export interface ClaimedSession {
  readonly config: SessionConfig;
  readonly lease: Lease;
  readonly progress: Progress;
  readonly items: readonly ConversationItem[];
  readonly egress: SessionEgress;
  readonly listening: boolean;
  /** W3C `traceparent` of the claim, where the gateway traces. */
  readonly trace: string | undefined;
  /** How far the newest reply was delivered by an earlier owner, where it is known. */
  readonly delivered: Delivered | undefined;
  /** The number of the caller's newest connection. */
  readonly connectionNo: () => number;
  readonly listener: SessionListener;
}

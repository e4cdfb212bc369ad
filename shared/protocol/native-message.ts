import type { ErrorCode } from '../runtime/errors.ts';
import type { StageLatencies } from './agent-event.ts';

/** The subprotocol offered by clients that understand every message of the native wire. */
export const NATIVE_SUBPROTOCOL = 'voxfleet.v1';
/** Prefix of the pseudo-subprotocol that carries a session token: browsers cannot set headers. */
export const TOKEN_SUBPROTOCOL_PREFIX = 'voxfleet.token.';

/** Prefix of the pseudo-subprotocol that carries the newest resume token. */
export const RESUME_SUBPROTOCOL_PREFIX = 'voxfleet.resume.';
/**
 * Query parameter of the upgrade that makes a connection resumable: the egress seq of the last message the client got, 0 for
 * none. Such a client numbers its audio and texts from 1 on over all connections of the session, without gaps but for what it
 * gave up, keeps them until they are committed, and understands `ack`, `resume_token` and `goaway`.
 */
export const AFTER_PARAMETER = 'after';

/** The highest number that either side counts up to, or may claim to have got: months of frames, and far from where 32 bits end. */
export const LARGEST_SEQ = 0x7fff_ffff;

/**
 * A caller's message on the native wire, as JSON text. `priority` and `timestamp` are optional numbers; resumable clients
 * number audio and texts by `seq` and mark with `resent` what they sent on an earlier connection.
 */
export type CallerMessage =
  | { readonly type: 'audio'; readonly data: string; readonly priority?: number; readonly timestamp?: number; readonly seq?: number; readonly resent?: boolean }
  | { readonly type: 'text'; readonly content: string; readonly priority?: number; readonly timestamp?: number; readonly seq?: number; readonly resent?: boolean }
  /** Every agent message up to the one numbered `seq` has arrived. */
  | { readonly type: 'ack'; readonly seq: number }
  | { readonly type: 'cancel' }
  | { readonly type: 'ping' }
  /** Everything up to the agent message numbered `seq` was played on the caller's device. */
  | { readonly type: 'played'; readonly seq: number };

/**
 * An agent's message on the native wire, as JSON text. `seq` is the egress sequence number: it grows by one with every
 * message of the owning worker; what the gateway itself says (an error before the worker saw the message, ready, pong)
 * carries the number of the last one, so that "after seq" always names one place.
 */
export type AgentMessage = AgentMessageBody & { readonly seq: number };

export type AgentMessageBody =
  | {
      readonly type: 'ready';
      readonly session_id: string;
      readonly audio: { readonly input: WireFormat; readonly output: WireFormat };
      /** For resumable clients only, like `resume`: a client that has no numbers yet begins after `received`; the other sends again what is after `committed`. */
      readonly ingress?: { readonly committed: number; readonly received: number };
      readonly resume?: ResumeTicket;
    }
  /** A newer ticket; the one before it is good until it expires, in case this one gets lost. */
  | ({ readonly type: 'resume_token' } & ResumeTicket)
  /** Everything the caller sent up to its number `committed` is safe: it need not be kept. */
  | { readonly type: 'ack'; readonly committed: number }
  /** This gateway will go: connect anew (best while this connection still stands) after so long. */
  | { readonly type: 'goaway'; readonly reconnect_after_ms: number }
  | { readonly type: 'transcript'; readonly role: 'caller' | 'agent'; readonly text: string; readonly final: boolean; readonly turn: number }
  /** `re`, for resumable clients only: the number of the text it answers. */
  | { readonly type: 'text'; readonly content: string; readonly re?: number }
  | { readonly type: 'audio'; readonly data: string; readonly timestamp: number }
  | { readonly type: 'speech_started' }
  | { readonly type: 'speech_stopped' }
  | { readonly type: 'turn'; readonly turn: number; readonly mouth_to_ear_ms: number; readonly stages_ms: StageLatencies }
  | { readonly type: 'clear' }
  | { readonly type: 'pong' }
  /** `error_id`: what to quote when asking about it; absent of gateways one version older. */
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string; readonly error_id?: string; readonly retry_after_ms?: number; readonly re?: number };

/** What a session is resumed with. */
export interface ResumeTicket {
  readonly token: string;
  /** ISO 8601. */
  readonly expires_at: string;
}

/** An audio format as the HTTP and WebSocket interfaces write it. */
export interface WireFormat {
  readonly encoding: 'pcm16' | 'ulaw' | 'alaw';
  readonly sample_rate: 8000 | 16000 | 24000 | 48000;
}

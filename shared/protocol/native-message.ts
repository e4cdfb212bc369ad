import type { ErrorCode } from '../runtime/errors.ts';
import type { StageLatencies } from './agent-event.ts';

/** The subprotocol offered by clients that understand every message of the native wire. */
export const NATIVE_SUBPROTOCOL = 'voxfleet.v1';
/** Prefix of the pseudo-subprotocol that carries a session token: browsers cannot set headers. */
export const TOKEN_SUBPROTOCOL_PREFIX = 'voxfleet.token.';

/** A caller's message on the native wire, as JSON text. `priority` and `timestamp` are optional numbers. */
export type CallerMessage =
  | { readonly type: 'audio'; readonly data: string; readonly priority?: number; readonly timestamp?: number }
  | { readonly type: 'text'; readonly content: string; readonly priority?: number; readonly timestamp?: number }
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
  | { readonly type: 'ready'; readonly session_id: string; readonly audio: { readonly input: WireFormat; readonly output: WireFormat } }
  | { readonly type: 'transcript'; readonly role: 'caller' | 'agent'; readonly text: string; readonly final: boolean; readonly turn: number }
  | { readonly type: 'text'; readonly content: string }
  | { readonly type: 'audio'; readonly data: string; readonly timestamp: number }
  | { readonly type: 'speech_started' }
  | { readonly type: 'speech_stopped' }
  | { readonly type: 'turn'; readonly turn: number; readonly mouth_to_ear_ms: number; readonly stages_ms: StageLatencies }
  | { readonly type: 'clear' }
  | { readonly type: 'pong' }
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string; readonly retry_after_ms?: number };

/** An audio format as the HTTP and WebSocket interfaces write it. */
export interface WireFormat {
  readonly encoding: 'pcm16' | 'ulaw' | 'alaw';
  readonly sample_rate: 8000 | 16000 | 24000 | 48000;
}

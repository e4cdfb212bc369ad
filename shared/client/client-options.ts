import type { AudioFormat } from '../protocol/audio-format.ts';
import type { AgentMessage } from '../protocol/native-message.ts';
import { REAL_CLOCK, type ClientClock } from './client-clock.ts';
import type { AgentAudio } from './connection.ts';
import type { LostAudio } from './kept-messages.ts';
import type { VoiceSocketConstructor } from './voice-socket.ts';

/** Where a call stands; `closed` and `lost` are final. */
export type VoiceClientState =
  | { readonly name: 'connecting' }
  /** The first socket is open; the session is still being given to a worker. */
  | { readonly name: 'open' }
  /** What is sent now is heard. `resumed`: the call went on over a new connection; also where the old one was not lost before. */
  | { readonly name: 'ready'; readonly sessionId: string; readonly input: AudioFormat; readonly output: AudioFormat; readonly resumed?: ResumeReport }
  /** No connection at the moment: attempt number `attempt` is about to be made or under way, `sinceMs` after the last one was lost. What is said is kept. */
  | { readonly name: 'reconnecting'; readonly attempt: number; readonly sinceMs: number }
  /** Over, and said to be so: by the caller (code 1000) or by the gateway. `reason` is the gateway's. */
  | { readonly name: 'closed'; readonly code: number; readonly reason: string }
  /** Given up after `giveUpAfterMs` without a connection; code and reason of the last failure. */
  | { readonly name: 'lost'; readonly code: number; readonly reason: string };

/** How a call was resumed. */
export interface ResumeReport {
  /** From the loss of the connection until the new one was ready; 0 where the old one was still there. */
  readonly awayMs: number;
  readonly attempts: number;
  /** Messages sent now that were sent before or had to wait, and how much audio they are. */
  readonly resentMessages: number;
  readonly resentAudioMs: number;
}

/** Everything the agent tells but audio, and but what the client deals with by itself. */
export type AgentNotice = Exclude<AgentMessage, { type: 'audio' | 'ack' | 'resume_token' | 'goaway' }>;

/** Whom a client tells; each member may be left out. Called in the order in which messages came. */
export interface VoiceClientListener {
  onState?(state: VoiceClientState): void;
  /** Each of the agent's own messages once and in order, whatever connections they came by; `ready`, `pong` and what a gateway complains of as they come. */
  onNotice?(notice: AgentNotice): void;
  /** Each piece once and in order. */
  onAudio?(audio: AgentAudio): void;
  /** A message of a kind this client does not know came in and was passed over. */
  onUnknown?(message: string): void;
  /** Audio was given up that the agent's side never got: more was said without a connection than is kept. */
  onDropped?(lost: LostAudio): void;
}

export interface VoiceClientOptions {
  /** `ws_url` of the session. */
  readonly url: string;
  /** The same session at other gateways, tried in turn: for fleets without a load balancer before them. */
  readonly urls?: readonly string[];
  /** The session's token, sent as a pseudo-subprotocol because browsers cannot set headers. */
  readonly token?: string;
  readonly socket: VoiceSocketConstructor;
  readonly listener: VoiceClientListener;
  /** Audio kept until it is committed; 30 s where absent. */
  readonly keepAudioMs?: number;
  /** Audio and texts kept, in bytes; 2 MiB where absent. */
  readonly keepBytes?: number;
  /** What waits for the network in the socket at most; the rest waits in what is kept. 64 KiB where absent. */
  readonly maxBufferedBytes?: number;
  /** Without a connection for so long the call is lost; 60 s where absent. */
  readonly giveUpAfterMs?: number;
  /** An upgrade is waited for so long; 5 s where absent. */
  readonly openWithinMs?: number;
  /** Nothing received for so long: the client asks for a sign of life; 2 s where absent. */
  readonly pingAfterMs?: number;
  /** Nothing received for so long, asking included: the connection is given up; 5 s where absent. */
  readonly deadAfterMs?: number;
  readonly clock?: ClientClock;
  /** 0 to 1, without 1; Math.random where absent. */
  readonly random?: () => number;
}

type Defaulted = 'urls' | 'keepAudioMs' | 'keepBytes' | 'maxBufferedBytes' | 'giveUpAfterMs' | 'openWithinMs' | 'pingAfterMs' | 'deadAfterMs' | 'clock' | 'random';
export type CompleteClientOptions = VoiceClientOptions & Required<Pick<VoiceClientOptions, Defaulted>>;

const DEFAULTS: Required<Pick<VoiceClientOptions, Defaulted>> = {
  urls: [],
  keepAudioMs: 30_000,
  keepBytes: 2 * 1024 * 1024,
  maxBufferedBytes: 64 * 1024,
  giveUpAfterMs: 60_000,
  openWithinMs: 5000,
  pingAfterMs: 2000,
  deadAfterMs: 5000,
  clock: REAL_CLOCK,
  random: Math.random,
};

/** The options with everything that was left out. */
export function withDefaults(options: VoiceClientOptions): CompleteClientOptions {
  return { ...DEFAULTS, ...options };
}

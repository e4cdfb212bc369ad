import type { AudioFormat } from './audio-format.ts';
import type { GrantedLane } from './lane.ts';

/** Which engine serves each need of a session; what is absent is the worker's default. */
export interface EngineChoice {
  readonly voice_activity?: string;
  readonly recognizer?: string;
  readonly responder?: string;
  readonly synthesizer?: string;
}

/** What the agent of a session is told to be. Field names are those of `POST /sessions`. */
export interface AgentConfig {
  /** What the agent is to do, in words; engines read it as they can. */
  readonly instructions: string;
  /** Spoken by the agent as soon as the caller listens. */
  readonly greeting?: string;
  /** A voice of the synthesizer; each engine lists its own. */
  readonly voice?: string;
  /** BCP 47 tag. */
  readonly language: string;
  /** Phrases the caller is likely to say; every recognizer that can be biased is biased by them. */
  readonly hints: readonly string[];
  readonly engines: EngineChoice;
  /** Whether answers to text messages are spoken as well. */
  readonly speak_text: boolean;
}

/** What is fixed about a session when it is created. */
export interface SessionConfig {
  readonly sessionId: string;
  readonly userId?: string;
  readonly tags: readonly string[];
  readonly lane: GrantedLane;
  readonly agent: AgentConfig;
  readonly input: AudioFormat;
  readonly output: AudioFormat;
  /** SHA-256 of the session's token, hex. */
  readonly tokenHash: string;
  readonly createdAtMs: number;
  /** W3C `traceparent` of the request that created it, where it brought one and traces are on. */
  readonly traceparent?: string;
}

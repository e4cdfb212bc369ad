import type { AgentConfig } from '../../shared/protocol/agent-config.ts';
import type { Logger } from '../../shared/runtime/log.ts';

/** Every engine hears mono 16-bit samples at this rate; conversion happens once, at the worker's edge. */
export const INTERNAL_RATE_HZ = 16_000;

/** What an engine throws or reports; anything else it throws counts as a crash of that engine. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  /** Whether trying the same again may work: a stall, a 429, a cut stream. */
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retryable = retryable;
  }
}

/** Tells speech from silence. One per process, many streams. */
export interface VoiceActivity {
  readonly name: string;
  open(listener: VoiceActivityListener): VoiceActivityStream;
  close(): Promise<void>;
}

/** One caller's audio, heard as analysis windows. Callbacks come in order, never from within `push`. */
export interface VoiceActivityListener {
  /** Probability (0–1) that the window ending at sample number `endSample` (counted since `open`) is speech. */
  onWindow(probability: number, endSample: number): void;
  /** The stream is dead; open another. */
  onFailure(error: EngineError): void;
}

export interface VoiceActivityStream {
  /** Takes the next samples, any count; the engine keeps no reference to them. */
  push(samples: Int16Array): void;
  close(): void;
}

/** Turns a caller's turn into words. One per process, one stream per turn. */
export interface Recognizer {
  readonly name: string;
  /** Makes ready for sessions with this bias (a language model, a connection), so that the first turn is not slower. */
  warm(bias: RecognitionBias): void;
  /** `call` says of which trace the turn is; engines that ask a service pass it on. */
  open(bias: RecognitionBias, listener: RecognizerListener, call?: EngineCall): RecognizerStream;
  close(): Promise<void>;
}

/** What an engine may pass on of whom it works for. */
export interface EngineCall {
  /** W3C `traceparent` of the call, to go with requests to services; absent where traces are off. */
  readonly traceparent?: string;
}

/** What helps recognition along. */
export interface RecognitionBias {
  readonly language: string;
  /** Phrases the caller may say: the session's hints and the responder's own phrases. */
  readonly phrases: readonly string[];
}

export interface RecognizerListener {
  /** What was understood so far; replaces the partial before it. */
  onPartial(text: string): void;
}

/** What a turn was understood as. */
export type FinalTranscript =
  | { readonly outcome: 'words'; readonly text: string }
  /** Speech, but not understood with any certainty. */
  | { readonly outcome: 'unclear' }
  /** No words at all: a cough, a click. */
  | { readonly outcome: 'nothing' };

export interface RecognizerStream {
  /** Takes the next samples of the turn, pauses between its utterances included; the engine keeps no reference to them. */
  push(samples: Int16Array): void;
  /** The caller fell silent: an engine may begin on its final already. Silence may still be pushed. */
  pause(): void;
  /** The caller speaks on: what `pause` began is void. */
  resume(): void;
  /** The turn is over. Rejects with EngineError. Called once. */
  finish(): Promise<FinalTranscript>;
  /** The turn is void; nothing is called back after it. */
  abort(): void;
}

/** Thinks of what to say. */
export interface Responder {
  readonly name: string;
  /** Phrases of callers that this responder understands under these instructions; they bias recognizers. */
  phrases(agent: AgentConfig): readonly string[];
  /**
   * Streams the answer to the last item of the history; where some of it was said already (`begun`), only what follows on
   * that, without saying any of it again. Ends early, without a throw, when `signal` aborts. Throws EngineError.
   */
  respond(request: ResponderRequest, signal: AbortSignal): AsyncIterable<ResponderChunk>;
  close(): Promise<void>;
}

export interface ResponderRequest extends EngineCall {
  readonly agent: AgentConfig;
  /** The conversation so far, oldest first; the last one is the caller's. */
  readonly history: readonly HistoryItem[];
  /** What the agent has said of this answer already, in whole sentences; absent where it is to begin. */
  readonly begun?: string;
  readonly nowMs: number;
  /** What the fleet looks like from here, for agents that talk about it. */
  readonly fleet: { readonly workers: number; readonly slotsUsed: number; readonly slotsTotal: number };
}

/** One finished contribution. What the agent said is what was heard of it. An unclear caller turn has empty text. */
export interface HistoryItem {
  readonly role: 'caller' | 'agent';
  readonly text: string;
}

export type ResponderChunk =
  | { readonly kind: 'text'; readonly text: string }
  /** Hang up once everything said is played. */
  | { readonly kind: 'end_call' };

/** Turns a sentence into speech. */
export interface Synthesizer {
  readonly name: string;
  readonly voices: readonly string[];
  /** Streams one sentence as samples at `sampleRateHz` each. Ends early, without a throw, when `signal` aborts. Throws EngineError. */
  synthesize(request: SynthesisRequest, signal: AbortSignal): AsyncIterable<SpeechChunk>;
  close(): Promise<void>;
}

export interface SynthesisRequest extends EngineCall {
  readonly text: string;
  /** One of `voices`; an unknown or absent one is the engine's default. */
  readonly voice: string | undefined;
  readonly language: string;
}

export interface SpeechChunk {
  readonly samples: Int16Array;
  readonly sampleRateHz: number;
}

/** What an engine is made with. Engines read their own settings from `env` and list every mistake in one thrown error. */
export interface EngineContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
}

/** One engine family: what it can serve, made on first use, once per process. */
export interface EngineModule {
  readonly name: string;
  /** Its recognizer and responder compute in this process: no more than `MAX_WORKERS` turns do so at once. Others ask a service and wait. */
  readonly computesHere?: boolean;
  readonly voiceActivity?: (context: EngineContext) => Promise<VoiceActivity>;
  readonly recognizer?: (context: EngineContext) => Promise<Recognizer>;
  readonly responder?: (context: EngineContext) => Promise<Responder>;
  readonly synthesizer?: (context: EngineContext) => Promise<Synthesizer>;
}

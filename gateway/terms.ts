import { audioBytes, type AudioFormat } from '../shared/protocol/audio-format.ts';
import type { SessionConfig } from '../shared/protocol/agent-config.ts';
import type { GrantedLane } from '../shared/protocol/lane.ts';
import type { GatewayConfig } from './config.ts';
import type { PacingLimits } from './pacing.ts';
import { FRAME_COST_BYTES, type RingLimits } from './replay-ring.ts';
import type { InputLimits } from './wires/native.ts';

/** What is the same for all calls of a kind: the formats and the lane they agreed on, what their client can do, and the limits that follow. */
export interface Terms {
  readonly input: AudioFormat;
  readonly output: AudioFormat;
  /** The most urgent lane the session was granted. */
  readonly lane: GrantedLane;
  /** Whether the client understands every message, and so can be asked to wait for `ready`. */
  readonly isNative: boolean;
  /** Whether the caller numbers its audio and texts: then it keeps them until it is told that they are safe. */
  readonly isNumbered: boolean;
  readonly inputLimits: InputLimits;
  readonly ringLimits: RingLimits;
  readonly pacingLimits: PacingLimits;
}

/** A socket that takes nothing for so long while messages wait is closed. */
const STALL_MS = 30_000;
/** Texts with their answers kept until they are committed: more than a thousand short ones, and for a thousand callers no more than a quarter of a GB. */
const MAX_TEXT_BYTES = 262_144;
/** A UTF-16 unit takes at most so much as UTF-8. */
const BYTES_PER_CHAR = 3;
/** What is around a text's words where it is packed. */
const TEXT_FRAMING_BYTES = 64;
/** Frames shorter than this make the ring keep less than REPLAY_MS. */
const SMALLEST_FRAME_MS = 5;

/** The terms of every kind of call that was seen, each once: thousands of calls share them. As many as there are formats, lanes and kinds of client. */
export class TermsTable {
  readonly #config: GatewayConfig;
  readonly #known = new Map<string, Terms>();

  constructor(config: GatewayConfig) {
    this.#config = config;
  }

  /** The terms of a session, for a client of this kind. */
  of({ input, output, lane }: Pick<SessionConfig, 'input' | 'output' | 'lane'>, isNative: boolean, isNumbered: boolean): Terms {
    const key = [input.encoding, input.sampleRateHz, output.encoding, output.sampleRateHz, lane, isNative, isNumbered].join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { maxAudioMessageBytes, maxTextChars, maxBufferedBytes } = this.#config;
    const made = {
      input, output, lane, isNative, isNumbered,
      inputLimits: { encoding: input.encoding, maxAudioMessageBytes, maxTextChars, isNumbered },
      ringLimits: ringLimitsOf(input, this.#config),
      pacingLimits: { maxBufferedBytes, maxHeldBytes: maxBufferedBytes, stallMs: STALL_MS },
    };
    this.#known.set(key, made);
    return made;
  }
}

/** What is kept of a caller until it is committed: REPLAY_MS of audio, whatever its frames, and some text. */
function ringLimitsOf(input: AudioFormat, { replayMs, maxTextChars }: GatewayConfig): RingLimits {
  const maxAudioBytes = audioBytes(input, replayMs) + (replayMs / SMALLEST_FRAME_MS) * FRAME_COST_BYTES;
  // The longest text that is taken at all must fit.
  const maxTextBytes = Math.max(MAX_TEXT_BYTES, maxTextChars * BYTES_PER_CHAR + TEXT_FRAMING_BYTES + FRAME_COST_BYTES);
  return { maxAudioMs: replayMs, maxAudioBytes, maxTextBytes };
}

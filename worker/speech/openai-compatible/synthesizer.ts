import { EngineError, type SpeechChunk, type SynthesisRequest, type Synthesizer } from '../ports.ts';
import type { SpeechEndpoint } from './settings.ts';
import { send, withOneRetry } from './vendor-request.ts';

/** `response_format: "pcm"` is 16-bit little-endian mono at this rate (OpenAI's text-to-speech guide). */
export const HOSTED_SPEECH_RATE_HZ = 24_000;
/** Two minutes: no sentence is longer. */
const MAX_ANSWER_BYTES = 120 * HOSTED_SPEECH_RATE_HZ * 2;
/** Voices of OpenAI's speech models; other servers have their own, set by SPEECH_VOICE. */
const OPENAI_VOICES = ['alloy', 'ash', 'ballad', 'coral', 'echo', 'fable', 'nova', 'onyx', 'sage', 'shimmer', 'verse'];

/** Streams speech from `/audio/speech`. */
export class HostedSynthesizer implements Synthesizer {
  readonly name = 'openai';
  readonly voices: readonly string[];
  readonly #endpoint: SpeechEndpoint;

  constructor(endpoint: SpeechEndpoint) {
    this.#endpoint = endpoint;
    this.voices = [endpoint.voice, ...OPENAI_VOICES.filter((voice) => voice !== endpoint.voice)];
  }

  async *synthesize(request: SynthesisRequest, signal: AbortSignal): AsyncGenerator<SpeechChunk> {
    // Vendors refuse a text with nothing to pronounce.
    if (!/[\p{L}\p{N}\p{S}]/u.test(request.text)) return;
    yield* withOneRetry(() => this.#attempt(request, signal), signal);
  }

  async close(): Promise<void> {
    // Requests end with the sentences that made them.
  }

  async *#attempt({ text, voice, traceparent }: SynthesisRequest, signal: AbortSignal): AsyncGenerator<SpeechChunk> {
    const { model, voice: defaultVoice } = this.#endpoint;
    const chosen = voice !== undefined && this.voices.includes(voice) ? voice : defaultVoice;
    const body = JSON.stringify({ model, voice: chosen, input: text, response_format: 'pcm' });
    const pcm = new PcmReader();
    let spoken = 0;
    for await (const bytes of send(this.#endpoint, { path: '/audio/speech', body, maxBytes: MAX_ANSWER_BYTES, traceparent }, signal)) {
      const samples = pcm.push(bytes);
      if (samples.length === 0) continue;
      if (spoken === 0) refuseWav(samples);
      spoken += samples.length;
      yield { samples, sampleRateHz: HOSTED_SPEECH_RATE_HZ };
    }
    if (spoken === 0 && !signal.aborted) throw new EngineError('the speech is empty', true);
  }
}

/** Some servers ignore `response_format`. "RIFF" as two samples is a jump that no speech begins with. */
function refuseWav([first, second]: Int16Array): void {
  if (first !== 0x4952 || second !== 0x4646) return;
  throw new EngineError('the server sent a WAV file; expected bare samples as `response_format: "pcm"` means', false);
}

/** Samples out of little-endian bytes that may be cut inside a sample. */
export class PcmReader {
  #low: number | undefined;

  /** The samples that these bytes complete, freshly made. */
  push(bytes: Uint8Array): Int16Array {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const carried = this.#low === undefined ? 0 : 1;
    const samples = new Int16Array((carried + bytes.length) >> 1);
    const [high] = bytes;
    if (this.#low !== undefined && high !== undefined) samples[0] = (high << 8) | this.#low;
    for (let i = carried; i < samples.length; i++) samples[i] = view.getInt16(i * 2 - carried, true);
    const isOdd = (carried + bytes.length) % 2 === 1;
    this.#low = isOdd ? (bytes.at(-1) ?? this.#low) : undefined;
    return samples;
  }
}

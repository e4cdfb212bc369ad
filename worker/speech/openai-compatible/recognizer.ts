import { z } from 'zod';
import { writeWav } from '../../../shared/audio/wav.ts';
import { EngineError, INTERNAL_RATE_HZ, type EngineCall, type FinalTranscript, type RecognitionBias, type Recognizer, type RecognizerListener, type RecognizerStream } from '../ports.ts';
import type { Endpoint } from './settings.ts';
import { TurnAudio } from './turn-audio.ts';
import { send, withOneRetry, type VendorRequest } from './vendor-request.ts';

/** OpenAI refuses audio shorter than this: no word is. */
const MIN_SAMPLES = INTERNAL_RATE_HZ / 10;
/** Whisper reads 224 tokens of prompt; four characters a token in English. */
const MAX_PROMPT_CHARS = 800;
const MAX_ANSWER_BYTES = 256_000;
const answerSchema = z.object({ text: z.string() });

/** Sends each turn as one WAV file to `/audio/transcriptions`, begun already when the caller falls silent. No partials. */
export class HostedRecognizer implements Recognizer {
  readonly name = 'openai';
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  warm(): void {
    // Connections are opened by the first request and kept; there is no model to build.
  }

  open(bias: RecognitionBias, _listener?: RecognizerListener, call?: EngineCall): RecognizerStream {
    return new HostedRecognizerStream(this.#endpoint, bias, call?.traceparent);
  }

  async close(): Promise<void> {
    // Requests end with the streams that made them.
  }
}

/** The prompt that biases a transcription: as many of the phrases, whole ones, as fit. */
export function biasPrompt(phrases: readonly string[]): string {
  let prompt = '';
  for (const phrase of phrases) {
    const longer = prompt === '' ? phrase : `${prompt}, ${phrase}`;
    if (longer.length > MAX_PROMPT_CHARS) break;
    prompt = longer;
  }
  return prompt;
}

/** A transcription under way, and what stops it. It never rejects, because it may be voided before anyone awaits it. */
interface Attempt {
  readonly stop: AbortController;
  readonly outcome: Promise<FinalTranscript | EngineError>;
}

class HostedRecognizerStream implements RecognizerStream {
  readonly #endpoint: Endpoint;
  readonly #bias: RecognitionBias;
  readonly #traceparent: string | undefined;
  readonly #audio = new TurnAudio();
  #attempt: Attempt | undefined;

  constructor(endpoint: Endpoint, bias: RecognitionBias, traceparent: string | undefined) {
    this.#endpoint = endpoint;
    this.#bias = bias;
    this.#traceparent = traceparent;
  }

  push(samples: Int16Array): void {
    this.#audio.push(samples);
  }

  pause(): void {
    this.#attempt ??= this.#begin();
  }

  resume(): void {
    this.#attempt?.stop.abort();
    this.#attempt = undefined;
  }

  async finish(): Promise<FinalTranscript> {
    this.#attempt ??= this.#begin();
    const outcome = await this.#attempt.outcome;
    if (outcome instanceof EngineError) throw outcome;
    return outcome;
  }

  abort(): void {
    this.#attempt?.stop.abort();
  }

  #begin(): Attempt {
    const stop = new AbortController();
    const { samples } = this.#audio;
    if (samples.length < MIN_SAMPLES) return { stop, outcome: Promise.resolve({ outcome: 'nothing' }) };
    const request = {
      path: '/audio/transcriptions', body: formOf(this.#endpoint, this.#bias, writeWav(samples, INTERNAL_RATE_HZ)), maxBytes: MAX_ANSWER_BYTES,
      traceparent: this.#traceparent,
    };
    return { stop, outcome: transcribe(this.#endpoint, request, stop.signal) };
  }
}

async function transcribe(endpoint: Endpoint, request: VendorRequest, signal: AbortSignal): Promise<FinalTranscript | EngineError> {
  try {
    for await (const text of withOneRetry(() => attemptOne(endpoint, request, signal), signal)) {
      return text === '' ? { outcome: 'nothing' } : { outcome: 'words', text };
    }
    return { outcome: 'nothing' };
  } catch (error) {
    return error instanceof EngineError ? error : new EngineError('the transcription crashed', false, { cause: error });
  }
}

/** Yields the text once; nothing when `signal` aborts. */
async function* attemptOne(endpoint: Endpoint, request: VendorRequest, signal: AbortSignal): AsyncGenerator<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of send(endpoint, request, signal)) pieces.push(piece);
  if (!signal.aborted) yield readAnswer(Buffer.concat(pieces).toString('utf8'));
}

function formOf(endpoint: Endpoint, bias: RecognitionBias, wav: Uint8Array): FormData {
  const form = new FormData();
  form.set('file', new Blob([Uint8Array.from(wav)], { type: 'audio/wav' }), 'turn.wav');
  form.set('model', endpoint.model);
  form.set('response_format', 'json');
  const [language] = bias.language.toLowerCase().split('-');
  if (language !== undefined && language !== '') form.set('language', language);
  const prompt = biasPrompt(bias.phrases);
  if (prompt !== '') form.set('prompt', prompt);
  return form;
}

function readAnswer(body: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (cause) {
    throw new EngineError('the transcription is not JSON', true, { cause });
  }
  const answer = answerSchema.safeParse(parsed);
  if (!answer.success) throw new EngineError('the transcription has no text', false, { cause: answer.error });
  return answer.data.text.trim();
}

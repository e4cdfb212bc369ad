import { setTimeout as sleep } from 'node:timers/promises';
import {
  INTERNAL_RATE_HZ, type EngineModule, type FinalTranscript, type Recognizer, type RecognizerListener, type RecognizerStream,
  type Responder, type ResponderChunk, type ResponderRequest, type SpeechChunk, type SynthesisRequest, type Synthesizer,
  type VoiceActivity, type VoiceActivityListener, type VoiceActivityStream,
} from '../../worker/speech/ports.ts';
import { mergedRuns, NumberedReader, numberedSamples, type Run, type SampleRange } from './numbered-samples.ts';
import { answerKeyOf, answerPlan, answerToQuestion, sentencesIn, sentenceText, transcriptOf } from './numbered-text.ts';

/** As Silero's: 32 ms. */
const WINDOW_SAMPLES = 512;
const PARTIAL_EVERY_SAMPLES = INTERNAL_RATE_HZ / 2;
/** What a real final transcript takes about, where `NUMBERED_FINAL_MS` does not say otherwise. */
const FINAL_MS = 60;
const FIRST_WORD_MS = 120;
/** Between a sentence and the next one: answers are unfinished while they are spoken. */
const SENTENCE_EVERY_MS = 300;
const FIRST_SPEECH_MS = 40;
const CHUNK_SAMPLES = INTERNAL_RATE_HZ / 10;

/** Hears, understands, answers and speaks numbered audio: each sample of a call can be accounted for. */
export const engine: EngineModule = {
  name: 'numbered',
  voiceActivity: async () => new NumberedVoiceActivity(),
  recognizer: async ({ env }) => new NumberedRecognizer(Number(env['NUMBERED_FINAL_MS'] ?? FINAL_MS)),
  responder: async () => new NumberedResponder(),
  synthesizer: async () => new NumberedSynthesizer(),
};

/** Whatever is not digital silence is speech. */
class NumberedVoiceActivity implements VoiceActivity {
  readonly name = 'numbered';

  open(listener: VoiceActivityListener): VoiceActivityStream {
    let taken = 0;
    let isLoud = false;
    let state: 'open' | 'closed' = 'open';
    const tell = (probability: number, endSample: number): void => {
      setImmediate(() => {
        if (state === 'open') listener.onWindow(probability, endSample);
      });
    };
    return {
      push: (samples) => {
        for (const sample of samples) {
          taken += 1;
          isLoud ||= sample !== 0;
          if (taken % WINDOW_SAMPLES !== 0) continue;
          tell(isLoud ? 1 : 0, taken);
          isLoud = false;
        }
      },
      close: () => {
        state = 'closed';
      },
    };
  }

  async close(): Promise<void> {
    // Nothing is held: streams live by their owners' references alone.
  }
}

/** Understands which samples it was given. */
class NumberedRecognizer implements Recognizer {
  readonly name = 'numbered';
  readonly #finalMs: number;

  constructor(finalMs: number) {
    this.#finalMs = finalMs;
  }

  warm(): void {
    // There is nothing to make ready.
  }

  open(_bias: unknown, listener: RecognizerListener): RecognizerStream {
    return new NumberedRecognizerStream(listener, this.#finalMs);
  }

  async close(): Promise<void> {
    // Nothing is held: streams live by their owners' references alone.
  }
}

class NumberedRecognizerStream implements RecognizerStream {
  readonly #listener: RecognizerListener;
  readonly #finalMs: number;
  readonly #reader = new NumberedReader();
  #runs: Run[] = [];
  #unsaid = 0;
  #state: 'open' | 'over' = 'open';

  constructor(listener: RecognizerListener, finalMs: number) {
    this.#finalMs = finalMs;
    this.#listener = listener;
  }

  push(samples: Int16Array): void {
    if (this.#state === 'over') return;
    this.#runs = mergedRuns([...this.#runs, ...this.#reader.push(samples)]);
    this.#unsaid += samples.length;
    if (this.#unsaid < PARTIAL_EVERY_SAMPLES) return;
    this.#unsaid = 0;
    const text = this.#text();
    setImmediate(() => {
      if (this.#state === 'open') this.#listener.onPartial(text);
    });
  }

  pause(): void {
    // What was heard is known at any time.
  }

  resume(): void {
    // What was heard is known at any time.
  }

  async finish(): Promise<FinalTranscript> {
    this.#state = 'over';
    this.#runs = mergedRuns([...this.#runs, ...this.#reader.finish()]);
    const isSilent = this.#runs.every(({ kind }) => kind === 'silence');
    const text = this.#text();
    await sleep(this.#finalMs);
    return isSilent ? { outcome: 'nothing' } : { outcome: 'words', text };
  }

  abort(): void {
    this.#state = 'over';
  }

  #text(): string {
    const ranges = this.#runs.filter((run): run is { readonly kind: 'numbered' } & SampleRange => run.kind === 'numbered');
    const damaged = this.#runs.reduce((sum, run) => (run.kind === 'damaged' ? sum + run.samples : sum), 0);
    return transcriptOf(ranges, damaged);
  }
}

/** Answers what was heard by planned sentences, and typed questions by their numbers. */
class NumberedResponder implements Responder {
  readonly name = 'numbered';

  phrases(): readonly string[] {
    return [];
  }

  async *respond(request: ResponderRequest, signal: AbortSignal): AsyncGenerator<ResponderChunk> {
    const sentences = answerTo(request);
    for (const [place, text] of sentences.entries()) {
      if (!(await lapse(place === 0 ? FIRST_WORD_MS : SENTENCE_EVERY_MS, signal))) return;
      yield { kind: 'text', text: place === 0 ? text : ` ${text}` };
    }
  }

  async close(): Promise<void> {
    // Nothing is held: answers live by their consumers' references alone.
  }
}

/** Typed text may stand between an utterance and its answer: what was begun, else the last contribution of the caller, decides. */
function answerTo({ history, begun = '' }: ResponderRequest): string[] {
  const caller = history.filter(({ role }) => role === 'caller').map(({ text }) => text);
  const typed = begun === '' ? answerToQuestion(caller.at(-1) ?? '') : undefined;
  if (typed !== undefined) return [typed];
  const heard = caller.findLast((text) => answerKeyOf(text) !== undefined);
  const key = heard === undefined ? undefined : answerKeyOf(heard);
  if (key === undefined) return ['I did not hear you.'];
  const said = new Set(sentencesIn(begun).map(({ id }) => id));
  return answerPlan(key).filter(({ id }) => !said.has(id)).map(sentenceText);
}

/** Speaks each sentence as the numbered stretch it names. */
class NumberedSynthesizer implements Synthesizer {
  readonly name = 'numbered';
  readonly voices = ['numbered'];

  async *synthesize({ text }: SynthesisRequest, signal: AbortSignal): AsyncGenerator<SpeechChunk> {
    const [sentence] = sentencesIn(text);
    if (sentence === undefined || !(await lapse(FIRST_SPEECH_MS, signal))) return;
    for (let from = 0; from < sentence.samples && !signal.aborted; from += CHUNK_SAMPLES) {
      const to = Math.min(sentence.samples, from + CHUNK_SAMPLES);
      yield { samples: numberedSamples({ id: sentence.id, from, to }), sampleRateHz: INTERNAL_RATE_HZ };
    }
  }

  async close(): Promise<void> {
    // Nothing is held: speech lives by its consumers' references alone.
  }
}

/** False, at once, when `signal` aborts. */
async function lapse(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

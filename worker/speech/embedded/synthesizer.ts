import { EngineError, type EngineContext, type SpeechChunk, type SynthesisRequest, type Synthesizer } from '../ports.ts';
import { FLITE_RATE_HZ, FLITE_VOICES, loadFlite, type FliteVoice } from './flite.ts';
import { cutAtWords, speakableText } from './speakable-text.ts';
import { SynthesisPool } from './synthesis-pool.ts';

const DEFAULT_THREADS = 1;
const MAX_THREADS = 64;

/** At about 80 ms a sentence the last of these waits 20 s for one thread: later than that nobody listens any more. */
const MAX_WAITING_SENTENCES = 256;

/** Longer text is spoken piece by piece, so that its beginning does not wait for its end. About 20 s of speech. */
const MAX_PIECE_CHARS = 300;

const CHUNK_MS = 100;

/**
 * The offline synthesizer: flite, robotic but clear, English only. SYNTHESIZER_THREADS (1–64, default 1) sentences are
 * computed at once. Throws an Error that names the setting when it is wrong.
 */
export async function createEmbeddedSynthesizer(context: EngineContext): Promise<Synthesizer> {
  const threads = readThreads(context.env['SYNTHESIZER_THREADS']);
  const pool = new SynthesisPool({
    script: new URL('./flite-thread.js', import.meta.url),
    settings: await loadFlite(),
    threads,
    maxWaiting: MAX_WAITING_SENTENCES,
    onCrash: (error) => context.log.error({ engine: 'embedded', err: error }, 'synthesizer thread died'),
  });
  return new EmbeddedSynthesizer(pool);
}

class EmbeddedSynthesizer implements Synthesizer {
  readonly name = 'embedded';
  readonly voices = FLITE_VOICES;
  readonly #pool: SynthesisPool;

  constructor(pool: SynthesisPool) {
    this.#pool = pool;
  }

  /**
   * One sentence as 100 ms chunks at 16 kHz, silence before it trimmed to 30 ms and after it to at most 180 ms. Text with
   * nothing to say in it gives no chunks. Throws EngineError.
   */
  async *synthesize(request: SynthesisRequest, signal: AbortSignal): AsyncIterable<SpeechChunk> {
    const voice = chooseVoice(request.voice);
    for (const piece of cutAtWords(speakableText(request.text), MAX_PIECE_CHARS)) {
      const samples = await this.#pool.speak(piece, voice, signal);
      if (samples === undefined) return;
      for (const chunk of inChunks(samples)) {
        if (signal.aborted) return;
        yield chunk;
      }
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** Views into `samples`, each CHUNK_MS long but the last. */
function* inChunks(samples: Int16Array): Iterable<SpeechChunk> {
  const length = (FLITE_RATE_HZ * CHUNK_MS) / 1000;
  for (let at = 0; at < samples.length; at += length) {
    yield { samples: samples.subarray(at, at + length), sampleRateHz: FLITE_RATE_HZ };
  }
}

function chooseVoice(wanted: string | undefined): FliteVoice {
  return FLITE_VOICES.find((voice) => voice === wanted) ?? FLITE_VOICES[0];
}

function readThreads(value: string | undefined): number {
  if (value === undefined || value === '') return DEFAULT_THREADS;
  const threads = Number(value);
  if (Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS) return threads;
  throw new EngineError(`SYNTHESIZER_THREADS is "${value}", expected a whole number from 1 to ${MAX_THREADS}`, false);
}

import { access } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../../../shared/runtime/log.ts';
import { EngineSettings } from '../engine-settings.ts';
import {
  EngineError,
  type EngineContext,
  type RecognitionBias,
  type Recognizer,
  type RecognizerListener,
  type RecognizerStream,
} from '../ports.ts';
import { BiasNames } from './bias-names.ts';
import { loadPocketSphinx } from './pocketsphinx.ts';
import type { RecognizerThreadSettings } from './recognizer-messages.ts';
import { RecognizerPool } from './recognizer-pool.ts';
import { PocketSphinxStream } from './recognizer-stream.ts';
import { messageOf } from '../../../shared/runtime/errors.ts';
import { MAX_TURN_MS } from './turn-audio.ts';

const DEFAULT_LIBRARY = 'libpocketsphinx.so.3';
const DEFAULT_MODEL = '/usr/share/pocketsphinx/model/en-us';
const MODEL_PARTS = ['en-us/mdef', 'cmudict-en-us.dict', 'en-us.lm.bin'] as const;
const INSTALL = 'install the Debian packages libpocketsphinx3 and pocketsphinx-en-us';

/**
 * Starts the offline recognizer: PocketSphinx for US English, in RECOGNIZER_THREADS threads (default: cores - 1, at least
 * one). Throws EngineError that lists every setting that is wrong and says which packages are missing.
 */
export async function createEmbeddedRecognizer(context: EngineContext): Promise<Recognizer> {
  const settings = new EngineSettings(context.env);
  const fallback = Math.max(1, availableParallelism() - 1);
  const threads = settings.number('RECOGNIZER_THREADS', fallback, { min: 1, max: 64, whole: true });
  const library = settings.text('POCKETSPHINX_LIBRARY', DEFAULT_LIBRARY);
  const model = settings.text('POCKETSPHINX_MODEL', DEFAULT_MODEL);
  await checkInstalled(settings, { library, model });
  return new PocketSphinxRecognizer(threads, { library, model }, context.log);
}

async function checkInstalled(settings: EngineSettings, { library, model }: RecognizerThreadSettings): Promise<void> {
  try {
    loadPocketSphinx(library);
  } catch (error) {
    settings.mistake('POCKETSPHINX_LIBRARY', `${messageOf(error)}; ${INSTALL}`);
  }
  try {
    await Promise.all(MODEL_PARTS.map((part) => access(join(model, part))));
  } catch (error) {
    settings.mistake('POCKETSPHINX_MODEL', `${messageOf(error)}; ${INSTALL}`);
  }
  try {
    settings.check('embedded recognizer');
  } catch (cause) {
    throw new EngineError(messageOf(cause), false, { cause });
  }
}

/** Turns of all sessions of the process, spread over threads. */
class PocketSphinxRecognizer implements Recognizer {
  readonly name = 'embedded';
  readonly #pool: RecognizerPool;
  readonly #biases = new BiasNames();
  readonly #log: Logger;

  constructor(threads: number, settings: RecognizerThreadSettings, log: Logger) {
    this.#log = log;
    this.#pool = new RecognizerPool({
      lanes: threads,
      script: new URL('./recognizer-thread.js', import.meta.url),
      settings,
      onOpened: (report) => log.debug(report, 'language model made ready'),
      onCrash: (error) => log.error({ err: error }, 'recognizer thread crashed'),
    });
  }

  warm(bias: RecognitionBias): void {
    if (isEnglish(bias)) this.#pool.warm(this.#biases.of(bias.phrases));
  }

  open(bias: RecognitionBias, listener: RecognizerListener): RecognizerStream {
    if (!isEnglish(bias)) return foreignStream(bias.language);
    const onCut = (): void => this.#log.warn({ keptMs: MAX_TURN_MS }, 'turn too long, only its beginning is recognized');
    return new PocketSphinxStream({ bias: this.#biases.of(bias.phrases), pool: this.#pool, listener, onCut });
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** A turn in a language that this model does not know: better a failed turn than English words for it. */
function foreignStream(language: string): RecognizerStream {
  const ignore = (): void => undefined;
  const error = new EngineError(`the embedded recognizer understands English only, not "${language}"`, false);
  return { push: ignore, pause: ignore, resume: ignore, abort: ignore, finish: () => Promise.reject(error) };
}

function isEnglish(bias: RecognitionBias): boolean {
  return /^en\b/i.test(bias.language);
}

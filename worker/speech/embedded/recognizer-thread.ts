import { parentPort, workerData } from 'node:worker_threads';
import { EngineError } from '../ports.ts';
import { BiasDecodersCache } from './bias-decoders.ts';
import { judge } from './phrase-match.ts';
import { loadPocketSphinx } from './pocketsphinx.ts';
import type { RecognizerReply, RecognizerRequest, RecognizerThreadSettings } from './recognizer-messages.ts';
import { yieldToAudio } from './thread-niceness.ts';

/** Does one piece of work; what the engine refuses is an answer, anything else ends the thread. */
function answer({ biasId, phrases, work }: RecognizerRequest, cache: BiasDecodersCache): RecognizerReply {
  try {
    const decoders = cache.get(biasId, phrases);
    if (work.kind === 'warm') return { kind: 'warm' };
    if (work.kind === 'partial') return { kind: 'partial', text: decoders.partials.decode(work.samples) };
    return { kind: 'final', transcript: judge(decoders.finals.decode(work.samples), decoders.expected) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { kind: 'failed', message: error.message, retryable: error.retryable };
  }
}

/** Runs only as a thread of the embedded recognizer. */
function serve(port: NonNullable<typeof parentPort>, settings: RecognizerThreadSettings): void {
  yieldToAudio();
  const reply = (message: RecognizerReply): void => port.postMessage(message);
  const cache = new BiasDecodersCache(loadPocketSphinx(settings.library), settings.model, reply);
  port.on('message', (request: RecognizerRequest) => reply(answer(request, cache)));
}

if (parentPort !== null) serve(parentPort, workerData as RecognizerThreadSettings);

import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../../shared/runtime/errors.ts';
import { Flite, FLITE_RATE_HZ } from './flite.ts';
import { trimSilence } from './silence-trim.ts';
import type { SynthesisJob, SynthesisResult } from './synthesis-pool.ts';
import { yieldToAudio } from './thread-niceness.ts';

/** Runs inside an EngineThread: takes SynthesisJob, answers each with one SynthesisResult. `workerData` is the compiled flite. */
if (parentPort === null) throw new Error('flite-thread runs as a worker thread only');
const port = parentPort;
yieldToAudio();
const flite = new Flite(workerData as WebAssembly.Module);

/** The first sentence compiles most of the code: better one that nobody waits for. */
flite.speak('Ready to speak, at ten thirty five.', 'slt');
flite.prepare();

port.on('message', (job: SynthesisJob) => {
  const { result, transfer } = speak(job);
  port.postMessage(result, transfer);
  setImmediate(() => flite.prepare());
});

function speak(job: SynthesisJob): { result: SynthesisResult; transfer: ArrayBuffer[] } {
  try {
    const samples = new Int16Array(trimSilence(flite.speak(job.text, job.voice), FLITE_RATE_HZ));
    return { result: { id: job.id, samples }, transfer: [samples.buffer] };
  } catch (error) {
    // A trap harms only its own instance: the sentence fails, the thread goes on.
    return { result: { id: job.id, failure: messageOf(error) }, transfer: [] };
  }
}

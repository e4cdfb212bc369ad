import { parentPort } from 'node:worker_threads';
import { getPriority } from 'node:os';
import { yieldToAudio } from './thread-niceness.ts';

/** Runs only as a thread of the test: yields, then tells its own priority. */
yieldToAudio();
parentPort?.postMessage(getPriority(0));

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentRequest } from '../../shared/client/session-request.ts';
import type { Caller } from './caller.ts';
import { oneOf, seededRandom, seedOf, wholeBetween } from './random.ts';

const FOLDER = '/usr/share/pocketsphinx/test/data';
/** Human voices with their words, 16 kHz mono, from Debian's pocketsphinx-testdata. */
const RECORDINGS = [
  { file: 'goforward.raw', words: 'go forward ten meters' },
  { file: 'something.raw', words: 'go somewhere and do something' },
] as const;
const PAUSE_MS = [500, 1500] as const;
/** Nothing to be heard for so long after an answer has sounded: the agent has finished. */
const FINISHED_AFTER_MS = 700;

/** Says back what it understood, by the embedded engines. */
export const RECORDED_AGENT: AgentRequest = {
  instructions: 'repeat',
  hints: [...RECORDINGS.map(({ words }) => words), 'go back five meters', 'turn left', 'stop the car'],
  engines: { voice_activity: 'embedded', recognizer: 'embedded', responder: 'embedded', synthesizer: 'embedded' },
};

/** Plays recordings and lets the agent repeat them, until `isOver`. Throws where the recordings are not installed. */
export async function converseByRecordings(caller: Caller, seed: number, patienceMs: number, isOver: () => boolean): Promise<void> {
  const random = seededRandom(seedOf(seed, `recorded ${caller.call}`));
  const speech = new Map(RECORDINGS.map(({ file, words }) => [words, readRecording(file)]));
  await caller.until(() => caller.events.some((event) => event.kind === 'state' && event.name === 'ready'), patienceMs);
  while (!isOver() && !caller.isLost()) {
    await sleep(wholeBetween(random, ...PAUSE_MS));
    const { words } = oneOf(random, RECORDINGS);
    const { fromMs } = await caller.say(speech.get(words) ?? new Int16Array());
    if (caller.isLost()) return;
    const saidAt = caller.events.length;
    caller.note({ kind: 'recording', atMs: caller.nowMs, fromMs, words });
    const answered = await caller.until(() => caller.events.slice(saidAt).some(({ kind }) => kind === 'voice'), patienceMs);
    if (answered === undefined) caller.note({ kind: 'given_up', atMs: caller.nowMs, waitedFor: words });
    while (!caller.isLost() && caller.nowMs < caller.playout.endsAtMs + FINISHED_AFTER_MS) await sleep(FINISHED_AFTER_MS / 7);
  }
}

function readRecording(file: string): Int16Array {
  const bytes = readFileSync(`${FOLDER}/${file}`);
  return Int16Array.from({ length: bytes.length >> 1 }, (_, at) => bytes.readInt16LE(at * 2));
}

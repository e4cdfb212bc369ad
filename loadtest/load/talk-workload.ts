import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom, type Random } from '../chaos/random.ts';
import { FRAME_MS } from './echo-frame.ts';
import type { Meter } from './meter.ts';
import { Pacer } from './pacer.ts';
import { recordedUtterances, toneUtterance, type Utterance } from './speech.ts';
import { TalkCaller } from './talk-caller.ts';
import { inParallel, lineOf, type Workload, type WorkloadOptions } from './workload.ts';

const OPENING = 16;
/** Utterances are so many times eight frames long: 1 to 4 seconds, short ones more often. */
const SHORTEST = 6;
const LONGEST = 25;
const GRID_FRAMES = 8;
/** How long turns under way may take to come to their end. */
const DRAIN_MS = 12_000;
const LOOK_EVERY_MS = 100;
/** So far may the scripted recognizer, which understands how long was spoken to 100 ms, be from what was. */
const TOLERANCE_MS = 100;

const SCRIPTED = { voice_activity: 'scripted', recognizer: 'scripted', responder: 'scripted', synthesizer: 'scripted' };
const EMBEDDED = { voice_activity: 'embedded', recognizer: 'embedded', responder: 'embedded', synthesizer: 'embedded' };

/** People on the telephone: `extra.voice` is `tone` for scripted engines, `recorded` for those that understand. */
export class TalkWorkload implements Workload {
  readonly #options: WorkloadOptions;
  readonly #meter: Meter;
  readonly #isRecorded: boolean;
  #callers: readonly TalkCaller[] = [];
  #pacer: Pacer | undefined;

  constructor(options: WorkloadOptions, meter: Meter) {
    this.#options = options;
    this.#meter = meter;
    this.#isRecorded = options.extra['voice'] === 'recorded';
  }

  async open(): Promise<void> {
    const { firstCaller, callers, seed } = this.#options;
    const recorded = this.#isRecorded ? await recordedUtterances() : [];
    const agent = this.#isRecorded
      ? { instructions: 'repeat', hints: recorded.flatMap(({ words = '' }) => words), engines: EMBEDDED }
      : { instructions: 'talk', hints: [], engines: SCRIPTED };
    const utterance = this.#isRecorded ? drawFrom(recorded) : drawTone(tones());
    this.#callers = Array.from({ length: callers }, (_, at) => new TalkCaller({
      meter: this.#meter, random: seededRandom(seed * 100_003 + firstCaller + at), utterance,
      isRight: this.#isRecorded ? isSaid : isAsLong, endsInSpeech: !this.#isRecorded,
    }));
    await inParallel(callers, OPENING, async (at) => this.#callers[at]?.open(lineOf(this.#options, firstCaller + at), agent));
  }

  start(): void {
    this.#pacer = new Pacer({
      members: this.#callers.length, periodMs: FRAME_MS, lateness: this.#meter.lateness,
      onTurn: (member, dueMs) => this.#callers[member]?.frame(dueMs),
    });
    this.#pacer.start(performance.now());
  }

  async stop(): Promise<void> {
    for (const caller of this.#callers) caller.finish();
    const untilMs = performance.now() + DRAIN_MS;
    while (performance.now() < untilMs && !this.#callers.every(({ isSilent }) => isSilent)) await sleep(LOOK_EVERY_MS);
    const open = this.#callers.filter(({ isSilent }) => !isSilent).length;
    if (open > 0) this.#meter.count('turns unfinished', open);
    this.#pacer?.stop();
    // The last frames are still on their way to whoever counts them.
    await sleep(LOOK_EVERY_MS);
  }

  async close(): Promise<void> {
    await inParallel(this.#callers.length, OPENING, async (at) => this.#callers[at]?.hangUp());
  }
}

function tones(): Utterance[] {
  return Array.from({ length: LONGEST - SHORTEST + 1 }, (_, at) => toneUtterance((SHORTEST + at) * GRID_FRAMES));
}

/** Short ones more often than long ones. */
function drawTone(utterances: readonly Utterance[]): (random: Random) => Utterance {
  return (random) => picked(utterances, random() * random());
}

function drawFrom(utterances: readonly Utterance[]): (random: Random) => Utterance {
  return (random) => picked(utterances, random());
}

function picked(utterances: readonly Utterance[], part: number): Utterance {
  return utterances[Math.floor(part * utterances.length)] ?? toneUtterance(SHORTEST * GRID_FRAMES);
}

function isAsLong({ lengthFrames }: Utterance, text: string): boolean {
  const heardMs = Number(/^utterance of (\d+) ms$/.exec(text)?.[1] ?? Number.NaN);
  return Math.abs(heardMs - lengthFrames * FRAME_MS) <= TOLERANCE_MS;
}

function isSaid({ words = '' }: Utterance, text: string): boolean {
  return text.toLowerCase().replaceAll(/[^a-z ]/g, '').trim() === words;
}

import type { OpenStream } from '../load/byte-stream.ts';
import { FRAME_BYTES, FRAME_MS } from '../load/echo-frame.ts';
import { LatencyRecorder } from '../load/latency-recorder.ts';
import { Pacer } from '../load/pacer.ts';
import type { CallerResult, Line, TurnPlan } from './caller-plan.ts';
import { openLine, type VoiceLine } from './dialects.ts';
import { Faults } from './faults.ts';
import { inParallel } from './parallel.ts';

const CONNECTS_AT_ONCE = 20;
/**
 * Frames of 320 samples and windows of 512 (the scripted voice activity's, like Silero's) end together every 8 frames: speech
 * that begins and ends there is judged to its last sample and not beyond.
 */
const ALIGNED_FRAMES = 8;
const SPEECH_FRAMES = 4 * ALIGNED_FRAMES;
/** After the first sound of an answer, until the caller speaks again: longer than the answer. */
const PAUSE_MS = 600;
/** Well above the loudness from which the scripted voice activity takes a window for speech. */
const AMPLITUDE = 8000;
const NORMAL_PRIORITY = 1;
const TONE = toneFrame();
const SILENCE = Buffer.alloc(FRAME_BYTES);

type Phase =
  | { readonly kind: 'quiet'; readonly untilMs: number }
  | { readonly kind: 'speaking'; readonly spokenFrames: number }
  | { readonly kind: 'waiting'; readonly endedMs: number; readonly heardMs: number | undefined }
  | { readonly kind: 'over' };

interface Caller {
  readonly line: Line;
  voice: VoiceLine | undefined;
  phase: Phase;
  turns: number;
}

/**
 * Callers who talk in turns: from the last frame of speech to the first sound of the answer, less the silence that the fleet
 * says it needed to be sure that the turn was over.
 */
export class TurnCallers {
  readonly #plan: TurnPlan;
  readonly #openStream: OpenStream;
  readonly #callers: Caller[];
  readonly #delay = new LatencyRecorder();
  readonly #lateness = new LatencyRecorder();
  readonly #faults = new Faults();
  #answered = 0;
  #done: () => void = () => undefined;

  constructor(plan: TurnPlan, openStream: OpenStream) {
    this.#plan = plan;
    this.#openStream = openStream;
    this.#callers = plan.lines.map((line) => ({ line, voice: undefined, phase: { kind: 'quiet', untilMs: 0 }, turns: 0 }));
  }

  /** Opens every line. Rejects where one is refused. */
  async connect(): Promise<void> {
    await inParallel(this.#callers, CONNECTS_AT_ONCE, async (caller) => {
      caller.voice = await openLine(this.#plan.dialect, caller.line, this.#openStream, {
        onAudio: () => this.#hear(caller),
        onText: (text) => this.#read(caller, text),
        onClosed: (reason) => this.#faults.note(reason),
      });
    });
  }

  /** Talks until every caller has had its turns. */
  async run(onPhase: (phase: 'measuring' | 'measured') => void): Promise<CallerResult> {
    const startMs = performance.now() + FRAME_MS;
    // A chorus is not what callers are: each begins somewhere within the length of a turn.
    for (const [at, caller] of this.#callers.entries()) caller.phase = { kind: 'quiet', untilMs: startMs + (1500 * at) / this.#callers.length };
    const pacer = new Pacer({ members: this.#callers.length, periodMs: FRAME_MS, onTurn: (member, _dueMs, round) => this.#send(member, round), lateness: this.#lateness });
    onPhase('measuring');
    pacer.start(startMs);
    const isDone = new Promise<void>((resolve) => (this.#done = resolve));
    const late = setTimeout(() => this.#done(), this.#plan.mostMs);
    await isDone;
    clearTimeout(late);
    pacer.stop();
    onPhase('measured');
    const measuredMs = performance.now() - startMs;
    for (const { voice } of this.#callers) voice?.close();
    return {
      sent: this.#plan.turns * this.#callers.length, answered: this.#answered, misplaced: 0, faults: this.#faults.list,
      delay: this.#delay.summary(), lateness: this.#lateness.summary(), measuredMs,
    };
  }

  #send(member: number, round: number): void {
    const caller = this.#callers[member];
    // Whose frames begin at another round has windows that end at another: turns do not end in chorus either.
    const ownRound = round - (member % ALIGNED_FRAMES);
    if (caller === undefined || ownRound < 0) return;
    const { phase } = caller;
    const begins = phase.kind === 'quiet' && performance.now() >= phase.untilMs && ownRound % ALIGNED_FRAMES === 0;
    const spokenFrames = begins ? 1 : phase.kind === 'speaking' ? phase.spokenFrames + 1 : 0;
    caller.voice?.sendAudio(FRAME_BYTES, NORMAL_PRIORITY, (frame, at) => (spokenFrames > 0 ? TONE : SILENCE).copy(frame, at));
    if (spokenFrames === SPEECH_FRAMES) caller.phase = { kind: 'waiting', endedMs: performance.now(), heardMs: undefined };
    else if (spokenFrames > 0) caller.phase = { kind: 'speaking', spokenFrames };
  }

  #hear(caller: Caller): void {
    const { phase } = caller;
    if (phase.kind === 'waiting' && phase.heardMs === undefined) caller.phase = { ...phase, heardMs: performance.now() };
  }

  #read(caller: Caller, text: string): void {
    if (text.includes('"type":"error"')) this.#faults.note(text);
    if (!text.includes('"type":"turn"')) return;
    const endpointingMs = Number(/"endpointing":([\d.]+)/.exec(text)?.[1]);
    const { phase } = caller;
    // The first sound of a turn leaves before the word of it.
    if (phase.kind !== 'waiting' || phase.heardMs === undefined) return this.#faults.note(`a turn was told of in phase ${phase.kind}`);
    this.#delay.record(phase.heardMs - phase.endedMs - endpointingMs);
    this.#answered += 1;
    caller.turns += 1;
    caller.phase = caller.turns < this.#plan.turns ? { kind: 'quiet', untilMs: performance.now() + PAUSE_MS } : { kind: 'over' };
    if (this.#answered === this.#plan.turns * this.#callers.length) this.#done();
  }
}

/** A frame of a 500 Hz tone. */
function toneFrame(): Buffer {
  const frame = Buffer.alloc(FRAME_BYTES);
  for (let sample = 0; sample < FRAME_BYTES / 2; sample += 1) frame.writeInt16LE(sample % 32 < 16 ? AMPLITUDE : -AMPLITUDE, 2 * sample);
  return frame;
}

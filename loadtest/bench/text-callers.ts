import type { OpenStream } from '../load/byte-stream.ts';
import { LatencyRecorder } from '../load/latency-recorder.ts';
import type { CallerResult, Line, TextPlan } from './caller-plan.ts';
import { openLine, type VoiceLine } from './dialects.ts';
import { Faults } from './faults.ts';
import { inParallel } from './parallel.ts';

const CONNECTS_AT_ONCE = 20;
/** Texts that are not answered by then are not answered. */
const MOST_MS = 60_000;

interface Caller {
  readonly line: Line;
  voice: VoiceLine | undefined;
  asked: number;
  answered: number;
  readonly askedAtMs: number[];
}

/** Callers who ask texts and wait for the answers, in order. */
export class TextCallers {
  readonly #plan: TextPlan;
  readonly #openStream: OpenStream;
  readonly #callers: Caller[];
  readonly #delay = new LatencyRecorder();
  readonly #faults = new Faults();
  #answered = 0;
  #misplaced = 0;
  #done: () => void = () => undefined;

  constructor(plan: TextPlan, openStream: OpenStream) {
    this.#plan = plan;
    this.#openStream = openStream;
    this.#callers = plan.lines.map((line) => ({ line, voice: undefined, asked: 0, answered: 0, askedAtMs: [] }));
  }

  /** Opens every line. Rejects where one is refused. */
  async connect(): Promise<void> {
    await inParallel(this.#callers, CONNECTS_AT_ONCE, async (caller) => {
      caller.voice = await openLine(this.#plan.dialect, caller.line, this.#openStream, {
        onAudio: () => undefined,
        onText: (text) => this.#hear(caller, text),
        onClosed: (reason) => this.#faults.note(reason),
      });
    });
  }

  /** Asks everything; what is measured goes from the first question to the last answer. */
  async run(onPhase: (phase: 'measuring' | 'measured') => void): Promise<CallerResult> {
    onPhase('measuring');
    const fromMs = performance.now();
    const isDone = new Promise<void>((resolve) => (this.#done = resolve));
    const late = setTimeout(() => this.#done(), MOST_MS);
    for (const caller of this.#callers) for (let i = 0; i < this.#plan.inFlight; i += 1) this.#ask(caller);
    await isDone;
    clearTimeout(late);
    onPhase('measured');
    const measuredMs = performance.now() - fromMs;
    for (const { voice } of this.#callers) voice?.close();
    return {
      sent: this.#plan.messages * this.#callers.length, answered: this.#answered, misplaced: this.#misplaced, faults: this.#faults.list,
      delay: this.#delay.summary(), lateness: new LatencyRecorder().summary(), measuredMs,
    };
  }

  #ask(caller: Caller): void {
    if (caller.asked >= this.#plan.messages) return;
    caller.askedAtMs[caller.asked] = performance.now();
    caller.voice?.sendText(questionOf(caller.line.key, caller.asked));
    caller.asked += 1;
  }

  #hear(caller: Caller, text: string): void {
    if (!text.includes('"type":"text"')) {
      if (text.includes('"type":"error"')) this.#faults.note(text);
      return;
    }
    if (!text.includes(questionOf(caller.line.key, caller.answered))) {
      this.#misplaced += 1;
      this.#faults.note(`expected the answer to "${questionOf(caller.line.key, caller.answered)}", got ${text.slice(0, 100)}`);
    }
    this.#delay.record(performance.now() - (caller.askedAtMs[caller.answered] ?? 0));
    caller.answered += 1;
    this.#answered += 1;
    if (this.#answered === this.#plan.messages * this.#callers.length) this.#done();
    else this.#ask(caller);
  }
}

/** Ends with a letter, so that no question is the beginning of another. */
function questionOf(key: number, number: number): string {
  return `question ${number} of caller ${key} please`;
}

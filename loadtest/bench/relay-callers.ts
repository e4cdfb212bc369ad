import type { OpenStream } from '../load/byte-stream.ts';
import { FRAME_BYTES, readMark, writeMark } from '../load/echo-frame.ts';
import { LatencyRecorder } from '../load/latency-recorder.ts';
import { Pacer } from '../load/pacer.ts';
import type { CallerResult, Line, RelayPlan } from './caller-plan.ts';
import { openLine, type VoiceLine } from './dialects.ts';
import { Faults } from './faults.ts';
import { inParallel } from './parallel.ts';

const CONNECTS_AT_ONCE = 20;
/** What was sent last has this long to come back. */
const DRAIN_MS = 2000;
const PLAYED_EVERY_ROUNDS = 25;
const FIRST_WITHIN_MS = 30_000;

/** One caller who listens. */
interface Caller {
  readonly line: Line;
  voice: VoiceLine | undefined;
  /** The number of the frame that is to come next. */
  expected: number;
  newestSeq: number;
}

/** Callers who send frames by the clock and look what comes back. */
export class RelayCallers {
  readonly #plan: RelayPlan;
  readonly #openStream: OpenStream;
  readonly #callers: Caller[];
  readonly #delay = new LatencyRecorder();
  readonly #lateness = new LatencyRecorder();
  readonly #faults = new Faults();
  #measureFromMs = Number.POSITIVE_INFINITY;
  #measureToMs = Number.POSITIVE_INFINITY;
  #sent = 0;
  #answered = 0;
  #misplaced = 0;

  constructor(plan: RelayPlan, openStream: OpenStream) {
    this.#plan = plan;
    this.#openStream = openStream;
    this.#callers = plan.lines.map((line) => ({ line, voice: undefined, expected: 0, newestSeq: 0 }));
  }

  /** Opens every line. Rejects where one is refused or does not stand in time. */
  async connect(): Promise<void> {
    await inParallel(this.#callers, CONNECTS_AT_ONCE, (caller) => this.#connect(caller));
  }

  /** Sends; `onPhase` hears when what is measured begins and ends. */
  async run(onPhase: (phase: 'measuring' | 'measured') => void): Promise<CallerResult> {
    const { framesPerSecond, warmMs, measureMs } = this.#plan;
    const turnOf = (member: number, dueMs: number, round: number): void => this.#send(member, dueMs, round);
    const startMs = performance.now() + 20;
    this.#measureFromMs = startMs + warmMs;
    this.#measureToMs = this.#measureFromMs + measureMs;
    // How late the warm-up was is of no interest: turns that are measured note it themselves.
    const lateness = new LatencyRecorder();
    const pacer = new Pacer({ members: this.#callers.length, periodMs: 1000 / framesPerSecond, onTurn: turnOf, lateness });
    pacer.start(startMs);
    await until(this.#measureFromMs);
    onPhase('measuring');
    await until(this.#measureToMs);
    onPhase('measured');
    pacer.stop();
    await until(this.#measureToMs + DRAIN_MS, () => this.#answered >= this.#sent);
    for (const { voice } of this.#callers) voice?.close();
    return {
      sent: this.#sent, answered: this.#answered, misplaced: this.#misplaced, faults: this.#faults.list,
      delay: this.#delay.summary(), lateness: this.#lateness.summary(), measuredMs: measureMs,
    };
  }

  async #connect(caller: Caller): Promise<void> {
    let stands: () => void = () => undefined;
    const standing = new Promise<void>((resolve) => (stands = resolve));
    caller.voice = await openLine(this.#plan.dialect, caller.line, this.#openStream, {
      onAudio: (message, at, seq) => {
        stands();
        this.#hear(caller, message, at, seq);
      },
      onText: (text) => {
        if (text.includes('"error"')) this.#faults.note(text);
      },
      onClosed: (reason) => this.#faults.note(reason),
    });
    if (!this.#plan.awaitsFirst) return;
    const late = setTimeout(() => stands(), FIRST_WITHIN_MS);
    const sinceMs = performance.now();
    await standing;
    clearTimeout(late);
    if (performance.now() - sinceMs >= FIRST_WITHIN_MS) throw new Error(`nothing was heard on a line within ${FIRST_WITHIN_MS / 1000} s: ${this.#faults.list.join('; ')}`);
  }

  #send(member: number, dueMs: number, round: number): void {
    const caller = this.#callers[member];
    if (caller?.voice === undefined) return;
    const sentMs = performance.now();
    if (this.#isMeasured(dueMs)) {
      this.#sent += 1;
      this.#lateness.record(sentMs - dueMs);
    }
    const { key } = caller.line;
    caller.voice.sendAudio(FRAME_BYTES, this.#plan.priority, (frame, at) => writeMark(frame, at, { key, number: round, intendedMs: dueMs, sentMs }));
    if (this.#plan.tellsPlayed && round % PLAYED_EVERY_ROUNDS === 0) caller.voice.sendPlayed(caller.newestSeq);
  }

  #hear(caller: Caller, message: Buffer, from: number, seq: number): void {
    const nowMs = performance.now();
    caller.newestSeq = seq;
    for (let at = from; at + FRAME_BYTES <= message.length; at += FRAME_BYTES) {
      const mark = readMark(message, at);
      if (mark === undefined) continue;
      if (mark.key !== caller.line.key || mark.number < caller.expected) this.#misplaced += 1;
      caller.expected = mark.number + 1;
      if (!this.#isMeasured(mark.intendedMs)) continue;
      this.#answered += 1;
      this.#delay.record(nowMs - mark.sentMs);
    }
  }

  #isMeasured(dueMs: number): boolean {
    return dueMs >= this.#measureFromMs && dueMs < this.#measureToMs;
  }
}

/** Waits until `atMs` of performance.now(), or until `isDone`. */
async function until(atMs: number, isDone: () => boolean = () => false): Promise<void> {
  while (performance.now() < atMs && !isDone()) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, Math.min(50, atMs - performance.now()))));
  }
}

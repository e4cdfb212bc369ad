import type { OpenStream } from '../load/byte-stream.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { LatencyRecorder } from '../load/latency-recorder.ts';
import type { CallerResult, IdlePlan } from './caller-plan.ts';
import { openLine, type VoiceLine } from './dialects.ts';
import { Faults } from './faults.ts';
import { inParallel } from './parallel.ts';

const CONNECTS_AT_ONCE = 20;

/** Callers who connect and say nothing. */
export class IdleCallers {
  readonly #plan: IdlePlan;
  readonly #openStream: OpenStream;
  readonly #voices: VoiceLine[] = [];
  readonly #faults = new Faults();

  constructor(plan: IdlePlan, openStream: OpenStream) {
    this.#plan = plan;
    this.#openStream = openStream;
  }

  /** Opens every line. Rejects where one is refused. */
  async connect(): Promise<void> {
    await inParallel(this.#plan.lines, CONNECTS_AT_ONCE, async (line) => {
      const onClosed = (reason: string): void => this.#faults.note(reason);
      this.#voices.push(await openLine(this.#plan.dialect, line, this.#openStream, { onAudio: () => undefined, onText: () => undefined, onClosed }));
    });
  }

  /** Stays for a while. */
  async run(onPhase: (phase: 'measuring' | 'measured') => void): Promise<CallerResult> {
    onPhase('measuring');
    await sleep(this.#plan.holdMs);
    onPhase('measured');
    for (const voice of this.#voices) voice.close();
    const nothing = new LatencyRecorder().summary();
    const count = this.#voices.length;
    return { sent: count, answered: count, misplaced: 0, faults: this.#faults.list, delay: nothing, lateness: nothing, measuredMs: this.#plan.holdMs };
  }
}

import type { StageLatencies } from '../shared/protocol/agent-event.ts';
import type { Release } from './turn-pool.ts';
import { stagesOf, type TurnMarks } from './turn/latency.ts';

/** Caller turns whose moments are remembered; an answer comes to the newest, a late final to the one before. */
const KEPT_TURNS = 2;

interface CallerTurn {
  readonly endSeq: number;
  readonly release: Release | undefined;
  readonly marks: Partial<TurnMarks>;
}

/** The caller's turns being worked on: which ingress each covers, its place among the turns being computed, and when its steps happened. */
export class CallerTurns {
  readonly #turns = new Map<number, CallerTurn>();

  /** A turn is over: its audio lies before `endSeq`. Turns long ago are forgotten. */
  ended(turn: number, endSeq: number, marks: Partial<TurnMarks>): void {
    for (const older of this.#turns.keys()) if (older < turn - KEPT_TURNS) this.#turns.delete(older);
    this.#turns.set(turn, { endSeq, release: undefined, marks });
  }

  /** The ingress seq up to which a turn's audio goes; 0 where the turn is not known. */
  endSeqOf(turn: number): number {
    return this.#turns.get(turn)?.endSeq ?? 0;
  }

  /** Notes moments of a turn; one that is noted already stays as it is. */
  mark(turn: number, marks: Partial<TurnMarks>): void {
    const known = this.#turns.get(turn);
    if (known !== undefined) this.#turns.set(turn, { ...known, marks: { ...marks, ...known.marks } });
  }

  /** A turn's final transcript is computed: what gives its place back is kept for its answer. */
  place(turn: number, release: Release): void {
    const known = this.#turns.get(turn);
    if (known !== undefined) this.#turns.set(turn, { ...known, release });
  }

  /** What gives the place of a turn back that it had for its transcript. */
  placeOf(turn: number): Release | undefined {
    return this.#turns.get(turn)?.release;
  }

  /** The first audio of a turn's answer left at `speechUs`: the parts of its latency, where all moments are known. Told once. */
  answered(turn: number, speechUs: number): StageLatencies | undefined {
    const { startedUs, finalUs, tokenUs, speechEndUs, decidedUs, endpoint } = this.#turns.get(turn)?.marks ?? {};
    this.#turns.delete(turn);
    if (startedUs === undefined || finalUs === undefined || tokenUs === undefined) return undefined;
    if (speechEndUs === undefined || decidedUs === undefined) return undefined;
    return stagesOf({ speechEndUs, endpoint, decidedUs, startedUs, finalUs, tokenUs, speechUs });
  }

  /** Gives every place back. */
  close(): void {
    for (const { release } of this.#turns.values()) release?.();
    this.#turns.clear();
  }
}
